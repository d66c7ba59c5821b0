import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { create, type ExecuteRequest } from '../../src/engine/library.ts'

const run = promisify(execFile)
const ONE = { code: 'export default () => 1' }

const errors: string[] = []
const engine = await create({ isolation: 'thread', config: { lanes: 2, spares: 0, onError: ({ message }) => errors.push(message) } })
after(() => engine.close())

const codeOf = async (request: ExecuteRequest) => {
  const ended = await engine.execute(request)
  return ended.status === 'failed' ? ended.error.code : ended.status
}

test('code runs in a thread, and its isolation says so', async () => {
  const ended = await engine.execute({ code: "import { chunk } from 'lodash'\nexport default async (input: number[]) => { console.log('in', crypto.randomUUID().length); return chunk(input, 2) }", input: [1, 2, 3], tools: ['crypto'] })

  assert.ok(ended.status === 'succeeded', JSON.stringify(ended))
  assert.deepEqual([ended.result, ended.logs.map(({ message }) => message)], [[[1, 2], [3]], ['in 36']])
  assert.deepEqual(ended.isolation, { process: false, permission: false, uid: process.getuid?.() ?? null, cgroup: false, threads: 1 })
})

for (const level of ['process', 'permission', 'uid', 'cgroup'] as const) {
  test(`code that is not to run without isolation by ${level} is refused`, async () => {
    const ended = await engine.execute({ ...ONE, requireIsolation: [level] })

    assert.ok(ended.status === 'failed')
    assert.match(ended.error.message, new RegExp(`^Cannot run job: it requires isolation by ${level}, this worker reaches none`))
  })
}

test('each run has an isolate of its own, and nothing of the process is in it', async () => {
  await engine.execute({ code: 'export default () => { globalThis.leak = 1; Array.prototype.leak = 1 }' })
  const { isolation: _, ...ended } = await engine.execute({ code: 'export default () => [typeof leak, typeof [].leak, typeof process, typeof fetch]' })

  assert.deepEqual(ended.status === 'succeeded' && ended.result, Array(4).fill('undefined'))
})

test('its limits stop code from inside, and the same threads go on', async () => {
  const { most, idle } = engine.runners()
  const codes = [
    await codeOf({ code: 'export default () => { for (;;) {} }', limits: { timeoutMs: 100 } }),
    await codeOf({ code: 'export default () => new Promise(() => {})', limits: { timeoutMs: 100 } }),
    await codeOf({ code: 'export default async () => { await null; for (;;) {} }', limits: { cpuMs: 100 } }),
    await codeOf({ code: 'export default () => { const all = []; for (;;) all.push(new Array(1e5).fill(1)) }', limits: { memoryMb: 64 } }),
  ]

  assert.deepEqual(codes, ['TIMEOUT', 'TIMEOUT', 'CPU_LIMIT', 'MEMORY_LIMIT'])
  assert.deepEqual([engine.runners().most, engine.runners().idle >= idle, errors], [most, true, []])
})

test('a signal stops code', async () => {
  const stop = new AbortController()
  const ended = await engine.execute({ code: "export default async () => { console.log('begun'); for (;;) await null }" }, { signal: stop.signal, onLog: () => stop.abort() })

  assert.equal(ended.status, 'cancelled')
})

test('code that nothing stops ends its run, another thread takes its place, and where there are too many such no code is run', async () => {
  const { stdout } = await run(process.execPath, [fileURLToPath(new URL('fixtures/stuck-threads.ts', import.meta.url))], { timeout: 90_000 }).catch((error: { stdout: string, signal: string }) => error) // it has to kill itself

  const { codes, served, refused, errors: told } = JSON.parse(stdout) as { codes: string[], served: string, refused: string, errors: string[] }
  assert.deepEqual([codes, served], [Array(4).fill('TIMEOUT'), 'succeeded'])
  assert.match(refused, /^Cannot run code: 4 threads of this process run code that nothing stops/)
  assert.match(told[0] ?? '', /^A thread runs code that nothing stops but the end of this process.*\(1 of at most 4\)$/)
})

test('a thread that is worn is ended, and the process lives on', async () => {
  await using fresh = await create({ isolation: 'thread', config: { lanes: 1, spares: 1, pool: { fresh: true } } })
  for (let n = 0; n < 6; n++) {
    const ended = await fresh.execute({ ...ONE })
    assert.equal(ended.status, 'succeeded')
  }
})

test('closing ends runs under way', async () => {
  const own = await create({ isolation: 'thread', config: { lanes: 1, spares: 0 } })
  const begun = Promise.withResolvers<void>()
  const running = own.execute({ code: "export default async () => { console.log('begun'); for (;;) await null }" }, { onLog: () => begun.resolve() })
  await begun.promise

  await own.close()

  const ended = await running
  assert.equal(ended.status === 'failed' && ended.error.code, 'WORKER_CRASHED')
})
