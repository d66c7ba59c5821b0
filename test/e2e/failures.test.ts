import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { JobFailure } from '../../src/core/outcome.ts'
import { startService, type TestService } from '../helpers/service.ts'

interface Kind {
  code: string
  entry?: string
  limits?: Record<string, number>
  expected: Partial<JobFailure>
  /** Lines of the stack after the first, which names the error. */
  frames?: RegExp
}

const KINDS: Record<string, Kind> = {
  'code that does not parse': {
    code: 'export default () => {\n  const x = ;\n}',
    expected: { code: 'SYNTAX_ERROR', name: 'SyntaxError', message: 'Unexpected ";" (job.js:2:13)' },
    frames: /^ {4}at job\.js:2:13\n\n2 \| {3}const x = ;$/,
  },
  'TypeScript that does not parse': {
    code: 'export default (n: number) => {\n  return n +* 2\n}',
    expected: { code: 'SYNTAX_ERROR', message: 'Unexpected "*" (job.ts:2:13)' },
    frames: /^ {4}at job\.ts:2:13\n/,
  },
  'an Error that is thrown': {
    code: 'function deep () {\n  throw new TypeError("no good")\n}\nexport default () => deep()',
    expected: { code: 'USER_ERROR', name: 'TypeError', message: 'no good', retryable: true },
    frames: /^ {4}at deep \(job\.js:2:9\)\n {4}at default \(job\.js:4:22\)$/,
  },
  'an Error that compiled TypeScript throws': {
    code: 'interface A { b: string }\nenum E { X }\nfunction deep (a: A): never {\n  throw new TypeError(a.b + E.X)\n}\nexport default () => deep({ b: "no" })',
    expected: { code: 'USER_ERROR', name: 'TypeError', message: 'no0' },
    frames: /^ {4}at deep \(job\.ts:4:9\)\n {4}at default \(job\.ts:6:22\)$/,
  },
  'an Error while the module loads': {
    code: '\n  throw new Error("early")',
    expected: { code: 'USER_ERROR', message: 'early' },
    frames: /^ {4}at job\.js:2:9$/,
  },
  'a number that is thrown': { code: 'export default () => { throw 404 }', expected: { code: 'USER_ERROR', name: 'Exception', message: '404' } },
  'null that is thrown': { code: 'export default () => { throw null }', expected: { code: 'USER_ERROR', name: 'Exception', message: 'null' } },
  'a promise that is rejected': {
    code: 'export default async () => {\n  await null\n  throw new RangeError("later")\n}',
    expected: { code: 'USER_ERROR', name: 'RangeError', message: 'later' },
    frames: /^ {4}at default \(job\.js:3:9\)$/,
  },
  'a rejection that nobody handles': {
    code: 'export default async () => {\n  Promise.reject(new Error("nobody"))\n  await new Promise((r) => setTimeout(r, 200))\n}',
    expected: { code: 'UNHANDLED_REJECTION', message: 'nobody' },
    frames: /^ {4}at default \(job\.js:2:18\)$/,
  },
  'an Error thrown by a timer': {
    code: 'export default async () => {\n  setTimeout(() => {\n    throw new Error("tick")\n  }, 1)\n  await new Promise((r) => setTimeout(r, 500))\n}',
    expected: { code: 'USER_ERROR', message: 'tick' },
    frames: /^ {4}at job\.js:3:11$/,
  },
  'an entry that is missing': { code: 'export const other = 1', expected: { code: 'ENTRY_ERROR', name: 'EntryError', message: 'Entry "default" is not a function' } },
  'an entry that is no function': { code: 'export const run = 1', entry: 'run', expected: { code: 'ENTRY_ERROR', message: 'Entry "run" is not a function' } },
  'a result with a cycle': {
    code: 'export default () => { const a = {}; a.self = { a }; return a }',
    expected: { code: 'RESULT_NOT_SERIALIZABLE', message: 'Cannot write result.self.a as JSON: it refers back to result' },
  },
  'a result with a BigInt': {
    code: 'export default () => ({ list: [1, 2n] })',
    expected: { code: 'RESULT_NOT_SERIALIZABLE', message: 'Cannot write result.list[1] as JSON: a BigInt has no JSON form' },
  },
  'a result that is too large': {
    code: 'export default () => "x".repeat(1000)',
    limits: { resultBytes: 100 },
    expected: { code: 'RESULT_TOO_LARGE', limit: { name: 'resultBytes', configured: 100, observed: 1002, suggested: 2004 } },
  },
  'recursion without an end': { code: 'const f = () => f() + 1\nexport default () => f()', expected: { code: 'STACK_LIMIT', name: 'RangeError' }, frames: /^ {4}at f \(job\.js:1:/ },
  'a promise that never settles': { code: 'export default () => new Promise(() => {})', limits: { timeoutMs: 150 }, expected: { code: 'TIMEOUT', name: 'TimeoutError' } },
  'an endless loop': { code: 'export default () => { for (;;); }', limits: { cpuMs: 150 }, expected: { code: 'CPU_LIMIT' } },
  'memory without an end': {
    code: 'export default () => { const a = []; for (;;) a.push(new Array(1000).fill(a.length)) }',
    limits: { memoryMb: 32 },
    expected: { code: 'MEMORY_LIMIT' },
  },
}

/** One service for all of them. What wears out the compiler comes when the others are over, which would wait for it. */
test('code that fails', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_COMPILERS: '2' } })

  await t.test('in a job', { concurrency: 6 }, (t) => failInJobs(t, service))
  await t.test('in POST /execute', { concurrency: 6 }, (t) => failInExecute(t, service))
  await t.test('in the compiler ends with its own error, while other jobs compile and succeed', () => wearOutCompiler(service))
})

async function failInJobs (t: TestContext, service: TestService): Promise<void> {
  for (const [name, { expected, frames, ...request }] of Object.entries(KINDS)) {
    void t.test(`${name} ends the job with ${expected.code}`, async () => {
      const job = await service.run(request)

      assert.equal(job.status, 'failed')
      assert.ok(job.error)
      for (const [member, value] of Object.entries(expected)) assert.deepEqual(job.error[member as keyof JobFailure], value) // the names come from such an object
      const [, ...rest] = (job.error.stack ?? '').split('\n')
      assert.match(rest.join('\n'), frames ?? /^$/)
      assert.doesNotMatch(job.error.stack ?? '', /node:|\/src\/|node_modules|file:/)
      assert.deepEqual(job.attempts[0]?.error, job.error)
      const { limit } = job.error
      if (request.limits) assert.ok(limit && limit.configured === request.limits[limit.name] && limit.observed >= limit.configured, JSON.stringify(limit))
    })
  }

  void t.test('logs outlive the limit that their job broke', async () => {
    const job = await service.run({ code: 'export default () => { console.log("kept"); for (;;); }', limits: { timeoutMs: 300 } })

    assert.equal(job.error?.code, 'TIMEOUT')
    assert.deepEqual((await service.logs(job.id)).map(({ message }) => message), ['kept'])
  })

  void t.test('logs over their budget keep their head and tail, and say what is missing', async () => {
    const job = await service.run({ code: 'export default () => { for (let i = 0; i < 5000; i++) console.log(i) }', limits: { logLines: 100 } })

    const events = (await service.events(job.id)).filter(({ type }) => type.startsWith('job.log'))
    const dropped = events.findIndex(({ type }) => type === 'job.logs_dropped')
    assert.equal(job.status, 'succeeded')
    assert.deepEqual(events.map(({ payload }) => payload['message']).filter(Boolean), [...range(0, 90), ...range(4990, 5000)])
    assert.deepEqual([dropped, events[dropped]?.payload['lines']], [90, 4900])
  })
}

async function failInExecute (t: TestContext, service: TestService): Promise<void> {
  const execute = async (body: Record<string, unknown>) => service.request('POST', '/execute', { body })

  void t.test('answers the result, without logs when there are none', async () => {
    const { status, json: { duration, ...rest } } = await execute({ code: 'export default (n) => n + 1', input: 1 })

    assert.equal(status, 200)
    assert.deepEqual(rest, { ok: true, result: 2 })
    assert.ok(typeof duration === 'number' && duration > 0)
  })

  void t.test('answers the logs with their times', async () => {
    const { json } = await execute({ code: 'export const main = () => { console.log("hi", { a: 1 }); console.error("no") }', entry: 'main' })

    const logs = json['logs'] as { level: string, message: string, timestamp: number }[]
    assert.deepEqual([json['ok'], logs.map(({ level, message }) => [level, message])], [true, [['log', 'hi { a: 1 }'], ['error', 'no']]])
    assert.ok(logs.every(({ timestamp }) => Math.abs(Date.now() - timestamp) < 60_000))
  })

  void t.test('answers 200 for a throw, and the last log is the exception', async () => {
    const { status, json } = await execute({ code: 'export default () => { console.log("a"); throw new TypeError("no") }' })

    const logs = json['logs'] as Record<string, unknown>[]
    assert.deepEqual([status, json['ok'], 'result' in json, logs.length], [200, false, false, 2])
    const { timestamp, ...exception } = logs[1] ?? {}
    assert.deepEqual(exception, { level: 'exception', name: 'TypeError', message: 'no', stack: 'TypeError: no\n    at default (job.js:1:48)' })
    assert.equal(typeof timestamp, 'number')
  })

  void t.test('answers a timeout as TimeoutError: Execution timeout', async () => {
    const { status, json } = await execute({ code: 'export default () => { for (;;); }', timeout: 200 })

    const logs = json['logs'] as Record<string, unknown>[]
    assert.deepEqual([status, json['ok'], logs.at(-1)?.['name'], logs.at(-1)?.['message']], [200, false, 'TimeoutError', 'Execution timeout'])
  })

  void t.test('answers 413 for too much code', async () => {
    const { status, json } = await execute({ code: 'x'.repeat(100_001) })

    assert.equal(status, 413)
    assert.equal((json['error'] as { name: string }).name, 'PayloadTooLarge')
  })

  void t.test('has no result but null for code that returns nothing', async () => {
    assert.equal((await execute({ code: 'export default () => {}' })).json['result'], null)
  })
}

async function wearOutCompiler (service: TestService): Promise<void> {
  const compile = async (code: string) => {
    const { error } = await service.run({ code })
    return { code: error?.code, message: error?.message ?? '' }
  }

  const attack = compile(`${'a=>'.repeat(2000)}1`)
  const others = Promise.all(Array.from({ length: 20 }, (_, i) => service.run({ code: `export default (): number => ${i} as number` })))
  const [arrows, brackets] = [await attack, await compile('['.repeat(90_000))]

  assert.deepEqual((await others).map(({ result }) => result), range(0, 20).map(Number))
  assert.deepEqual([arrows.code, brackets.code], ['SYNTAX_ERROR', 'SYNTAX_ERROR'])
  assert.match(arrows.message, /stopped after 2000 ms/)
}

function range (from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `${from + i}`)
}
