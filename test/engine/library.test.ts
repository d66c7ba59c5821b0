import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { create, type Plugin } from '../../src/engine/library.ts'

const engine = await create({ config: { lanes: 1, spares: 0, env: { REGION: 'eu' } } })
after(() => engine.close())

test('code is run with its input, files and modules, and its result is a value', async () => {
  const ended = await engine.execute({
    code: "import { chunk } from 'lodash'\nimport { twice } from './lib.ts'\nexport default (input: number[]) => { console.log('in', input.length); return chunk(input.map(twice), 2) }",
    files: { 'lib.ts': 'export const twice = (n: number) => 2 * n' },
    input: [1, 2, 3],
  })

  assert.ok(ended.status === 'succeeded', JSON.stringify(ended))
  assert.deepEqual(ended.result, [[2, 4], [6]])
  assert.deepEqual(ended.logs.map(({ level, message }) => [level, message]), [['log', 'in 3']])
  assert.equal(ended.isolation?.process, true)
  assert.match(ended.id, /^job_/)
})

test('code that fails is a result like any other', async () => {
  const thrown = await engine.execute({ code: 'export default () => { throw new TypeError("no") }' })
  const slow = await engine.execute({ code: 'export default () => { for (;;) {} }', limits: { timeoutMs: 50 } })

  assert.ok(thrown.status === 'failed' && slow.status === 'failed')
  assert.deepEqual([thrown.error.code, thrown.error.name, thrown.error.message, slow.error.code], ['USER_ERROR', 'TypeError', 'no', 'TIMEOUT'])
})

test('logs and progress are told while the code runs, and it stops when the signal aborts', async () => {
  const stop = new AbortController()
  const heard: unknown[] = []

  const ended = await engine.execute({ code: "export default async (_, context) => { console.log('begun'); context.progress(0.5, 'half'); await new Promise(() => {}) }", limits: { timeoutMs: 60_000 } }, {
    signal: stop.signal,
    onLog: ({ message }) => heard.push(message),
    onProgress (value, message) {
      heard.push(value, message)
      void turn().then(() => stop.abort())
    },
  })

  assert.equal(ended.status, 'cancelled')
  assert.deepEqual(heard, ['begun', 0.5, 'half'])
})

test('the body of a function is run, and values are granted by name', async () => {
  const body = await engine.execute({ code: 'return require("querystring").parse(input)', form: 'body', input: 'a=1' })
  const env = await engine.execute({ code: 'export default (_, { env }) => env', permissions: { env: ['REGION'] } })

  assert.deepEqual([body.status === 'succeeded' && body.result, env.status === 'succeeded' && env.result], [{ a: '1' }, { REGION: 'eu' }])
})

test('a request that is not valid is a TypeError that says where', async () => {
  await assert.rejects(engine.execute({ code: 'export default () => 1', tools: ['teleport'] }), /Cannot execute:[^]*Unknown tool "teleport"[^]*tools/)
  await assert.rejects(engine.execute({ code: '' }), { name: 'TypeError', message: /code/ })
  await assert.rejects(engine.execute({ code: 'x', limits: { memoryMb: 1e6 } }), /limits.memoryMb is 1000000/)
  await assert.rejects(engine.execute({ code: 'x', limits: { timeoutMs: 1e9 } }), /limits.timeoutMs is 1000000000 ms/)
  await assert.rejects(engine.execute({ code: 'x', webhook: 'https://example.com' } as never), /webhook/)
})

test('a plugin sees every run, may end it, and is gone with the engine', async () => {
  const heard: string[] = []
  const licence: Plugin = {
    name: 'licence',
    required: ['toolset'],
    setup (api) {
      heard.push(`tools ${api.use('toolset').names.includes('fetch')}`)
      api.on('onFormat', (run) => { heard.push(`${run.outcome?.type} ${run.request.tenant}`) })
      api.onClose(() => { heard.push('closed') })
    },
  }
  {
    await using own = await create({ config: { lanes: 1, spares: 0 }, plugins: [licence] })
    await own.execute({ code: 'export default () => 1', tenant: 'acme' })
  }
  assert.deepEqual(heard, ['tools true', 'succeeded acme', 'closed'])
})

test('a circle of plugins is refused by their names, before anything is started', async () => {
  const setup = () => {}
  await assert.rejects(create({ plugins: [{ name: 'a', required: ['b'], setup }, { name: 'b', required: ['a'], setup }] }), /in a circle, a → b → a/)
})

test('settings that are not valid are refused by their names, before anything is started', async () => {
  const refused = async (config: object, message: RegExp) => assert.rejects(create({ config }), { name: 'TypeError', message })

  await refused({ limits: { maxima: { timeout: 5 } } }, /Unrecognized key: "timeout"[^]*at limits.maxima/)
  await refused({ limits: { defaults: { timeoutMs: -5 } } }, /at limits.defaults.timeoutMs/)
  await refused({ limits: { maxima: { memoryMb: Number.NaN } } }, /at limits.maxima.memoryMb/)
  await refused({ lanes: 0 }, /at lanes/)
  await refused({ lane: 3 }, /Unrecognized key: "lane"/)
  await refused({ env: { REGION: 5 } }, /at env.REGION/)
})

test('what a hook throws goes to onError, and the run and its runner go on', async () => {
  const errors: string[] = []
  await using own = await create({ config: { lanes: 1, spares: 0, onError: ({ message }) => { errors.push(message) } } })
  const code = "export default async (_, context) => { console.log('a'); context.progress(1); await new Promise((done) => setTimeout(done, 20)); console.log('b'); return 1 }"

  const ended = await own.execute({ code, limits: { logLines: 1 } }, {
    onLog: ({ message }) => { throw new Error(`log ${message}`) },
    onProgress: () => { throw new Error('progress') },
  })

  assert.deepEqual([ended.status, ended.status === 'succeeded' && ended.result], ['succeeded', 1])
  assert.deepEqual([errors.includes('log a'), errors.includes('progress')], [true, true])
})

test('an input that JSON cannot say is refused as such', async () => {
  await assert.rejects(engine.execute({ code: 'export default () => 1', input: 1n }), { name: 'TypeError', message: /Cannot execute: input is no JSON value: .*BigInt/ })
})
