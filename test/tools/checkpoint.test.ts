import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { createDurability } from '../../src/store/durability.ts'
import { readCheckpoint } from '../../src/store/moves/checkpoint.ts'
import { createRunCheckpoint } from '../../src/worker/run-checkpoint.ts'
import { listToolNames } from '../../src/tools/registry.ts'
import { startEngine } from '../helpers/engine.ts'
import { acceptJob, beginJob, openStore } from '../helpers/store.ts'

const { resultOf, failureOf, run } = await startEngine()

/** A run of a job that is in the store. */
async function beginSaving (t: TestContext) {
  const db = await openStore(t)
  const id = await acceptJob(db)
  const { run } = await beginJob(db, id)
  const durability = createDurability(db, { replicas: 0, fsync: false, timeoutMs: 1000, onError () {} })
  return { db, id, own: { run, checkpoint: createRunCheckpoint(db, { run, active: { stop () {} }, durability, writer: { written: () => Promise.resolve() } }) } }
}

test('every run has it, whatever tools it names, and no job names it', async (t) => {
  const { own } = await beginSaving(t)
  const code = 'export default async (_, { checkpoint }) => { await checkpoint.save([1]); return [await checkpoint.load(), typeof globalThis.checkpoint] }'

  assert.deepEqual(await resultOf(code, own), [[1], 'undefined'])
  assert.deepEqual(await resultOf(code, { ...own, tools: ['echo', 'crypto'] }), [[1], 'undefined'])
  assert.ok(!listToolNames({ own: '' }).includes('checkpoint'))
})

test('saves that are not waited for are made in their order', async (t) => {
  const { own, db, id } = await beginSaving(t)
  const code = 'export default async (_, { checkpoint }) => { const big = "x".repeat(300_000); await Promise.all([big, 1, big + "!", 2].map((state) => checkpoint.save(state))); return checkpoint.load() }'

  assert.equal(await resultOf(code, own), 2)
  assert.equal((await readCheckpoint(db, id))?.number, 4)
})

test('a job may hold itself to less, and its calls to its limits', async (t) => {
  const { own } = await beginSaving(t)
  const code = 'export default async (_, { checkpoint }) => { await checkpoint.save("12345678"); await checkpoint.save("123456789") }'

  const tooLarge = await failureOf(code, { ...own, toolConfig: { checkpoint: { maxBytes: 10 } } })
  const tooMuch = await failureOf(code, { ...own, toolConfig: { checkpoint: { maxBytes: 1_048_577 } } })
  const tooMany = await failureOf(code, { ...own, limits: { toolCalls: 1 } })

  assert.deepEqual([tooLarge.code, tooLarge.message], ['TOOL_ERROR', 'Cannot save the checkpoint: the state has 11 bytes as JSON, allowed are 10'])
  assert.deepEqual([tooMuch.code, tooMuch.message], ['INVALID', 'Cannot run job: toolConfig.checkpoint.maxBytes is 1048577, not within the operator\'s 1048576'])
  assert.deepEqual([tooMany.code, tooMany.limit?.name], ['TOOL_LIMIT', 'toolCalls'])
})

test('a run that lost its job is told so', async (t) => {
  const { own, db, id } = await beginSaving(t)
  await beginJob(db, id)

  const failure = await failureOf('export default (_, { checkpoint }) => checkpoint.save(1)', own)

  assert.deepEqual([failure.code, failure.message], ['TOOL_ERROR', 'Cannot save the checkpoint: this run lost its job to another one'])
})

test('a state that nests as deeply as code can make it is kept, or refused to the code', async (t) => {
  const { own } = await beginSaving(t)
  const code = `export default async (depth, { checkpoint }) => {
    let state = []
    for (let i = 1; i < depth; i++) state = [state]
    try { await checkpoint.save(state) } catch (error) { return error.message }
    let [loaded, seen] = [await checkpoint.load(), 0]
    for (; loaded; loaded = loaded[0]) seen++
    return seen
  }`

  assert.equal(await resultOf(code, { ...own, input: 1000 }), 1000)
  for (const depth of [3000, 5000, 10_000, 100_000]) {
    const answer = await resultOf(code, { ...own, input: depth })
    assert.ok(answer === depth || /nested too deeply|call stack/.test(String(answer)), String(answer))
  }
})

test('prototypes that were tampered with hear nothing of what is saved and loaded', async (t) => {
  const { own } = await beginSaving(t)
  const code = `export default async (_, context) => {
    const { stringify } = JSON
    let heard = ''
    for (const key of ['text', 'bytes', 'state', 'counts', 'resolve', 'reject', 'trace', 'checkpoint', 'save', 'toJSON']) {
      for (const target of [Object.prototype, Promise.prototype, Function.prototype, String.prototype]) {
        Object.defineProperty(target, key, { configurable: true, get () { heard += ' get ' + key }, set () { heard += ' set ' + key } })
      }
    }
    Promise.prototype.then = JSON.parse = JSON.stringify = () => { heard += ' called' }
    await context.checkpoint.save('mine')
    const loaded = await context.checkpoint.load()
    return loaded + heard.replaceAll(' get toJSON', '')
  }`

  assert.equal(await resultOf(code, own), 'mine') // JSON.stringify asks what it is given for toJSON
})

test('an engine that was given nothing to keep it says so', async () => {
  const { report } = await run('export default (_, { checkpoint }) => checkpoint.load()')

  assert.equal(report.outcome.type, 'failed')
  assert.equal(report.outcome.error.message, 'Cannot use the checkpoint: this engine has nothing that keeps one')
})
