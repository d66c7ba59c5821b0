import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { NO_GRANTS } from '../../src/core/permissions.ts'
import { ToolSession } from '../../src/engine/broker.ts'
import { defineMethod, type Tool, ToolError } from '../../src/tools/tool.ts'

const NO_BYTES = Buffer.alloc(0)
const args = (text: string) => ({ text, bytes: NO_BYTES })
const gate = () => Promise.withResolvers<void>()

function startSession ({ toolCalls = 10, concurrentToolCalls = 2, mayAct = () => Promise.resolve(true) } = {}) {
  const { promise: opened, resolve: open } = gate()
  const aborts: unknown[] = []
  const wait = defineMethod({
    input: z.unknown(),
    output: z.string(),
    async run (_, { signal }) {
      signal.addEventListener('abort', () => aborts.push(signal.reason))
      await opened
      return 'waited'
    },
  })
  const sent: unknown[] = []
  const send = defineMethod({ input: z.unknown(), output: z.null(), effect: 'outside', timeoutMs: 50, run (input) { sent.push(input); return null } })
  const scold = defineMethod({ input: z.unknown(), output: z.null(), run () { throw new ToolError('no '.repeat(200_000)) } })
  const strict = defineMethod({ input: z.strictObject({}), output: z.null(), run: () => null })
  const next = defineMethod({ input: z.literal('mine'), output: z.string(), timeoutMs: 1, pull: true, run: () => opened.then(() => 'came') })
  const plain = { description: '', permissions: () => 'none' as const, guestFile: '', narrow () { throw new TypeError('Not in this test') } }
  const tool: Tool = { ...plain, name: 'slow', native: false, interfaces: null, exposed: 'null', methods: { wait, send, scold, strict, next } }
  const native: Tool = { ...plain, name: 'pure', native: true, interfaces: ['Pure'], exposed: '{"a":1}', methods: {} }
  const session = new ToolSession({
    tools: [tool, native],
    limits: { toolCalls, concurrentToolCalls },
    run: { tenant: 'acme', jobId: 'job-1', attempt: 1, fence: 1, batchId: null, secrets: [], grants: NO_GRANTS, services: {} },
    mayAct,
    onError (error) { throw error },
  })
  return { session, open, aborts, sent }
}

test('a tool that was not granted is no mistake of the guest\'s', () => {
  const { session } = startSession()

  assert.throws(() => session.call('db', 'query', args('{}')), /the run was not granted it/)
  assert.throws(() => session.call('constructor', 'query', args('{}')), /the run was not granted it/)
})

test('a native tool is never called through the worker', () => {
  assert.throws(() => startSession().session.call('pure', 'digest', args('{}')), /the run was not granted it/)
})

test('neither are more calls at one time than the run may have, nor more in all', async () => {
  const { session, open } = startSession({ toolCalls: 3 })
  const waiting = [session.call('slow', 'wait', args('1')), session.call('slow', 'wait', args('2'))]

  assert.throws(() => session.call('slow', 'wait', args('3')), /2 calls wait for their answer/)
  open()
  assert.deepEqual(await Promise.all(waiting), [{ text: '"waited"', bytes: NO_BYTES, failure: null }, { text: '"waited"', bytes: NO_BYTES, failure: null }])
  await session.call('slow', 'wait', args('4'))
  assert.throws(() => session.call('slow', 'wait', args('5')), /the run made 3 calls/)
  assert.equal(session.count, 3)
})

test('arguments longer than a guest sends are refused unread', () => {
  assert.throws(() => startSession().session.call('slow', 'wait', args('x'.repeat(1_048_577))), /1048577 characters/)
})

test('a pull counts towards no limit and has no time-out, and a run has one open at a time', async () => {
  const { session, open } = startSession({ toolCalls: 1, concurrentToolCalls: 1 })
  const pulled = session.call('slow', 'next', args('"mine"'))
  const waiting = session.call('slow', 'wait', args('1'))

  assert.throws(() => session.call('slow', 'next', args('"mine"')), /Cannot call slow\.next: the run waits for its answer already/)
  open()
  const answers = [await pulled, await session.call('slow', 'next', args('"mine"')), await waiting]

  assert.deepEqual(answers.map(({ text }) => text), ['"came"', '"came"', '"waited"'])
  assert.equal(session.count, 1)
  assert.deepEqual(session.calls.map(({ name }) => name), ['slow.wait'])
  assert.deepEqual(session.report.lines.map(({ target }) => target), ['slow.wait'])
})

test('after a pull that failed, only somebody who is not the guest asks again', async () => {
  const { session } = startSession()

  const { failure } = await session.call('slow', 'next', args('"other"'))

  assert.match(failure?.message ?? '', /^Cannot call slow\.next: Invalid input/)
  assert.throws(() => session.call('slow', 'next', args('"mine"')), /the run waits for its answer already/)
})

test('the end of a run aborts what its calls started, and they still settle', async () => {
  const { session, aborts } = startSession()
  const call = session.call('slow', 'wait', args('1'))

  session.close()

  assert.equal((await call).failure?.message, 'Cannot call slow.wait: the tool failed')
  assert.deepEqual(aborts.map(String), ['Error: The run is over'])
})

test('a run is granted its tools with what they expose', () => {
  assert.deepEqual(startSession().session.grants, [{ name: 'slow', native: false, interfaces: null, config: 'null' }, { name: 'pure', native: true, interfaces: ['Pure'], config: '{"a":1}' }])
})

test('a call with an effect outside is refused to a run that may have lost its job, and others are not asked about', async () => {
  let asked = 0
  const { session, open, sent } = startSession({ mayAct: async () => { asked += 1; return asked > 1 } })
  open()

  const answers = [await session.call('slow', 'wait', args('1')), await session.call('slow', 'send', args('2')), await session.call('slow', 'send', args('3'))]

  assert.deepEqual(answers.map(({ failure }) => failure?.message), [undefined, 'Cannot call slow.send: this run may have lost its job to another one', undefined])
  assert.deepEqual([asked, sent], [2, [3]])
})

test('a call whose time is over before it may act has no effect', async () => {
  const { promise: mayAct, resolve: allow } = Promise.withResolvers<boolean>()
  const { session, sent } = startSession({ mayAct: () => mayAct })

  const { failure } = await session.call('slow', 'send', args('1'))
  allow(true)
  await new Promise(setImmediate)

  assert.match(String(failure?.message), /did not answer within 50 ms/)
  assert.deepEqual(sent, [])
})

test('a failure with more words than the runner reads is cut, also where user code chose them', async () => {
  const { session } = startSession()
  const keys = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`member ${i}`, 1]))

  const answers = [await session.call('slow', 'scold', args('1')), await session.call('slow', 'strict', args(JSON.stringify(keys)))]

  assert.deepEqual(answers.map(({ failure }) => [failure?.code, failure?.message.length, failure?.message.at(-1)]), [['TOOL_ERROR', 8192, '…'], ['TOOL_ERROR', 8192, '…']])
})
