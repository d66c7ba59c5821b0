import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_CEILINGS } from '../../src/core/api-key.ts'
import { buildJobRequest, maxBodyBytes } from '../../src/core/job-request.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'

const JobRequest = buildJobRequest(DEFAULT_LIMIT_POLICY, ['echo', 'crypto'])
const code = 'export default () => 1'

function problems (body: unknown): string[] {
  const parsed = JobRequest.safeParse(body)
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
}

test('code alone is a whole request', () => {
  assert.deepEqual(JobRequest.parse({ code }), {
    code,
    files: {},
    entry: 'default',
    input: null,
    tools: [],
    toolConfig: {},
    permissions: 'none',
    secrets: [],
    limits: { timeoutMs: 30_000, cpuMs: 10_000, memoryMb: 128, logBytes: 1_048_576, logLines: 1000, resultBytes: 5_242_880, timers: 1000, toolCalls: 1000, concurrentToolCalls: 64, outputBytes: 4_294_967_296 },
    requireIsolation: [],
    retry: { attempts: 1, backoff: { type: 'exponential', delayMs: 1000, maxDelayMs: 300_000, jitter: 0.5 }, maxCrashes: 3, maxLost: 10 },
    priority: 'normal',
    delayMs: 0,
    tags: {},
  })
})

test('code may come as base64 of UTF-8', () => {
  const codeBase64 = Buffer.from('export default "é😀"').toString('base64')

  assert.equal(JobRequest.parse({ codeBase64 }).code, 'export default "é😀"')
})

test('a time to run at is RFC 3339 with an offset, and stands instead of a delay', () => {
  const runAt = '2027-01-01T00:00:00+01:00'

  assert.equal(JobRequest.parse({ code, runAt }).runAt, runAt)
  assert.deepEqual(problems({ code, runAt, delayMs: 1 }), ['runAt: At most one of runAt and delayMs is taken'])
  assert.equal(problems({ code, runAt: 'tomorrow' }).length, 1)
  assert.equal(problems({ code, runAt: '2027-01-01T00:00:00' }).length, 1)
})

test('exactly one of code and codeBase64 is needed', () => {
  const message = ['code: Exactly one of code and codeBase64 is needed']

  assert.deepEqual(problems({}), message)
  assert.deepEqual(problems({ code, codeBase64: 'YQ==' }), message)
})

test('empty code and base64 that is not base64 or not UTF-8 are refused', () => {
  for (const body of [{ code: '' }, { codeBase64: '' }, { codeBase64: '*' }, { codeBase64: Buffer.from([0xff]).toString('base64') }]) {
    assert.match(problems(body).join(), /^code/, JSON.stringify(body))
  }
})

test('unknown members are refused by name at every level', () => {
  assert.match(problems({ code, langauge: 'js' })[0] ?? '', /langauge/)
  assert.match(problems({ code, limits: { ram: 1 } })[0] ?? '', /^limits: .*ram/)
  assert.match(problems({ code, retry: { backoff: { base: 2 } } })[0] ?? '', /^retry\.backoff: .*base/)
  assert.match(problems({ code, permissions: { nett: ['x.test'] } })[0] ?? '', /^permissions: .*nett/)
})

test('a limit above its maximum is refused with both figures', () => {
  assert.deepEqual(problems({ code, limits: { memoryMb: 4096 } }), ['limits.memoryMb: limits.memoryMb is 4096 MB, more than the maximum of 1024 MB'])
})

test('a transform may take a day, other jobs no longer than before, and what is left out is an hour', () => {
  const dayMs = 86_400_000

  const { limits, transform } = JobRequest.parse({ code, transform: {} })

  assert.deepEqual([limits.timeoutMs, limits.cpuMs, limits.memoryMb], [3_600_000, 3_600_000, 128])
  assert.deepEqual(transform, {
    input: { delimiter: ',', header: true, types: false }, output: { format: 'ndjson', compression: 'none', delimiter: ',', header: true },
    errors: { policy: 'fail', name: 'rejects.ndjson' }, checkpointMs: 5000, shards: 1,
  })
  assert.equal(JobRequest.parse({ code, transform: {}, limits: { timeoutMs: dayMs } }).limits.timeoutMs, dayMs)
  assert.deepEqual(problems({ code, transform: {}, limits: { cpuMs: dayMs + 1 } }), [`limits.cpuMs: limits.cpuMs is ${dayMs + 1} ms, more than the maximum of ${dayMs} ms`])
  assert.deepEqual(problems({ code, limits: { timeoutMs: dayMs } }), [`limits.timeoutMs: limits.timeoutMs is ${dayMs} ms, more than the maximum of 3600000 ms`])
})

test('a ceiling of a key holds transforms too, also where it is above the maximum of other jobs', () => {
  const Capped = buildJobRequest(DEFAULT_LIMIT_POLICY, [], { ...NO_CEILINGS, limits: { timeoutMs: 7_200_000 } })

  const over = Capped.safeParse({ code, transform: {}, limits: { timeoutMs: 7_200_001 } })

  assert.match(over.error?.issues[0]?.message ?? '', /more than the API key's ceiling \(ceilings\.limits\.timeoutMs\) of 7200000 ms$/)
  assert.equal(Capped.safeParse({ code, transform: {}, limits: { timeoutMs: 7_200_000 } }).success, true)
})

test('the values of shards are combined where there are shards', () => {
  assert.deepEqual(problems({ code, transform: { shards: 2, combine: 'sum' } }), [])
  assert.match(problems({ code, transform: { combine: 'sum' } }).join(), /^transform\.combine: .*transform\.shards/)
})

test('a file that the ceiling of a key does not let code read is no input either', () => {
  const Capped = buildJobRequest(DEFAULT_LIMIT_POLICY, [], { ...NO_CEILINGS, permissions: { read: ['a'] } })

  const over = Capped.safeParse({ code, input: { $file: 'b' } })

  assert.deepEqual(over.error?.issues.map(({ path, message }) => [path.join('.'), message]), [['input.$file', 'read: "b" is beyond the API key\'s ceiling (ceilings.permissions): {"read":["a"]}']])
  assert.equal(Capped.safeParse({ code, input: { $file: 'a' } }).success, true)
})

test('wrong types are refused where they are', () => {
  const wrong = { code: 1, entry: '', tools: 'echo', limits: { timeoutMs: '5' }, priority: 'urgent', delayMs: -1, ttlMs: 0, tags: { a: 1 } }

  assert.deepEqual(problems(wrong).map((line) => line.split(':')[0]).sort(), ['code', 'delayMs', 'entry', 'limits.timeoutMs', 'priority', 'tags.a', 'tools', 'ttlMs'])
})

test('unknown tools are refused and the known ones named', () => {
  assert.deepEqual(problems({ code, tools: ['echo', 'shell'] }), ['tools.1: Unknown tool "shell"; known: echo, crypto'])
})

test('tags are bounded in number and length', () => {
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v']))

  assert.deepEqual(problems({ code, tags: { [`k${'x'.repeat(63)}`]: 'v'.repeat(256) } }), [])
  assert.equal(problems({ code, tags: many }).length, 1)
  assert.equal(problems({ code, tags: { [`k${'x'.repeat(64)}`]: 'v' } }).length, 1)
  assert.equal(problems({ code, tags: { k: 'v'.repeat(257) } }).length, 1)
})

test('names that objects have already are data like any other', () => {
  const body: unknown = JSON.parse(`{"code": ${JSON.stringify(code)}, "tags": {"constructor": "a", "toString": "b"}, "input": {"__proto__": {"x": 1}}}`)

  const { tags, input } = JobRequest.parse(body)

  assert.deepEqual(Object.entries(tags), [['constructor', 'a'], ['toString', 'b']])
  assert.equal(JSON.stringify(input), '{"__proto__":{"x":1}}')
})

test('a body of the largest request allowed fits, however its code is escaped', () => {
  const body = JSON.stringify({ code: '\u0000'.repeat(DEFAULT_LIMIT_POLICY.request.codeChars), input: 'x'.repeat(DEFAULT_LIMIT_POLICY.request.inputBytes - 2) })

  assert.ok(Buffer.byteLength(body) <= maxBodyBytes(DEFAULT_LIMIT_POLICY))
})

test('a job whose attempts together could keep too much of logs is refused, and told both figures', () => {
  const body = { code, limits: { logBytes: 16_777_216 }, retry: { attempts: 17 } }

  assert.deepEqual(problems(body), ['retry.attempts: retry.attempts times limits.logBytes is 285212672 bytes of logs, more than the maximum of 268435456 bytes'])
})
