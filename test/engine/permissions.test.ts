import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { RunAudit } from '../../src/engine/engine.ts'
import { allMessages, startEngine } from '../helpers/engine.ts'

const PROBE = fileURLToPath(new URL('./fixtures/probe-tool/tool.ts', import.meta.url))
const audits: RunAudit[] = []
const { resultOf, failureOf, run } = await startEngine({
  tools: { own: `probe=${PROBE}`, config: '{}' },
  onToolError () {},
  settings: { env: { REGION: 'eu', STAGE: 'test' }, strict: true, onAudit: (audit) => audits.push(audit) },
})
const tools = ['probe']

test('a job has the values of the operator\'s that it is granted, and the receipt says which', async () => {
  const code = 'export default (input, { env }) => [env, Object.isFrozen(env), typeof process]'
  const { report } = await run(code, { permissions: { env: ['REGION', 'PATH'] } })

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '[{"REGION":"eu"},true,"undefined"]')
  assert.deepEqual(report.receipt.lines.map(({ grant, target, denied, count }) => [grant, target, denied, count]), [
    ['env', 'REGION', null, 1],
    ['env', 'PATH', 'The operator gives jobs no value of that name', 1],
  ])
  assert.deepEqual(await resultOf(code, { permissions: { env: true } }), [{ REGION: 'eu', STAGE: 'test' }, true, 'undefined'])
  assert.deepEqual(await resultOf(code), [{}, true, 'undefined'])
})

test('names that objects inherit are no values of the operator\'s', async () => {
  assert.deepEqual(await resultOf('export default (input, { env }) => Object.keys(env)', { permissions: { env: ['constructor', '__proto__', 'toString'] } }), [])
})

test('performance.now() is as fine as a millisecond, and finer for a job that is granted it', async () => {
  const code = `export default () => {
    const times = Array.from({ length: 2000 }, () => performance.now())
    return [times.some((time) => !Number.isInteger(time)), times.every((time, i) => i === 0 || time >= times[i - 1]), times[0] >= 0]
  }`

  assert.deepEqual(await resultOf(code), [false, true, true])
  assert.deepEqual(await resultOf(code, { permissions: { hrtime: true } }), [true, true, true])
})

test('what a tool brings along is joined with what the job asks for', async () => {
  const code = 'export default () => probe.call("grants")'
  const rates = { host: 'rates.example', port: null }

  const own = await resultOf(code, { tools, tags: { rates: '1' }, permissions: { net: ['api.example:8443', 'rates.example'] } })

  assert.deepEqual(own, { env: [], net: [{ host: 'api.example', port: 8443 }, rates], read: [], write: [], hrtime: false })
  assert.deepEqual((await resultOf(code, { tools }) as { net: unknown }).net, [])
})

test('the receipt adds up what was used of each grant, and calls of tools', async () => {
  const code = `export default async () => {
    for (const host of ['a.example:443', 'b.example:443', 'a.example:443']) await probe.call('use', JSON.stringify(host))
    try { await probe.call('refuses') } catch {}
  }`
  const { report } = await run(code, { tools })

  assert.deepEqual(report.receipt.lines.map(({ durationMs, ...line }) => [line, durationMs > 0]), [
    [{ grant: 'net', target: 'a.example:443', method: 'GET', denied: null, count: 2, sentBytes: 2, receivedBytes: 40 }, true],
    [{ grant: 'tool', target: 'probe.use', method: null, denied: null, count: 3, sentBytes: 45, receivedBytes: 12 }, true],
    [{ grant: 'net', target: 'b.example:443', method: 'GET', denied: null, count: 1, sentBytes: 1, receivedBytes: 20 }, true],
    [{ grant: 'tool', target: 'probe.refuses', method: null, denied: 'Cannot read "x": nobody granted it', count: 1, sentBytes: 0, receivedBytes: 0 }, false],
  ])
})

test('a receipt has 200 lines, and counts what is beyond them', async () => {
  const { report } = await run(`export default async () => { for (let i = 0; i < 250; i++) await probe.call('use', JSON.stringify('host' + i)) }`, { tools })

  assert.equal(report.receipt.lines.length, 200)
  assert.equal(report.receipt.omitted, 51)
})

test('a run that ends badly has its receipt all the same', async () => {
  const { report } = await run(`export default async () => { await probe.call('use', '"a.example:443"'); for (;;); }`, { tools, limits: { timeoutMs: 300 } })

  assert.equal(report.outcome.type === 'failed' && report.outcome.error.code, 'TIMEOUT')
  assert.deepEqual(report.receipt.lines.map(({ target }) => target), ['a.example:443', 'probe.use'])
})

test('a job holds its tools to less than the operator does', async () => {
  const code = 'export default () => probe.config'

  assert.deepEqual(await resultOf(code, { tools, toolConfig: { probe: { most: 3, kinds: ['b'] } } }), { greeting: 'hello', most: 3, kinds: ['b'] })
  assert.deepEqual(await resultOf(code, { tools }), { greeting: 'hello', most: 10, kinds: ['a', 'b'] })
})

const WIDER: [toolConfig: Record<string, Record<string, unknown>>, message: string][] = [
  [{ probe: { most: 11 } }, 'Cannot run job: toolConfig.probe.most is 11, not within the operator\'s 10'],
  [{ probe: { most: '3' } }, 'Cannot run job: toolConfig.probe.most is "3", not within the operator\'s 10'],
  [{ probe: { most: -1 } }, 'Cannot run job: toolConfig.probe.most is -1: Too small: expected number to be >=0'],
  [{ probe: { kinds: ['a', 'c'] } }, 'Cannot run job: toolConfig.probe.kinds is ["a","c"], not within the operator\'s ["a","b"]'],
  [{ probe: { secret: 'x' } }, 'Cannot run job: toolConfig.probe.secret is not for jobs to say; known: most, kinds'],
  [{ probe: JSON.parse('{"__proto__":{"most":99}}') as Record<string, unknown> }, 'Cannot run job: toolConfig.probe.__proto__ is not for jobs to say; known: most, kinds'],
  [{ echo: { maxChars: 1 } }, 'Cannot run job: toolConfig has "echo", which is not among its tools'],
]
for (const [toolConfig, message] of WIDER) {
  test(`${JSON.stringify(toolConfig)} is refused: ${message}`, async () => {
    const failure = await failureOf('export default () => 1', { tools, toolConfig })

    assert.deepEqual([failure.code, failure.message, failure.retryable], ['INVALID', message, false])
  })
}

test('a strict operator\'s warnings stand at the top of the log', async () => {
  const record = await run('export default () => { console.log("mine") }', { permissions: { net: ['*.example.com', 'localhost:80'] } })

  assert.deepEqual(allMessages(record), [
    'Permissions of this job: net has the wildcard "*.example.com"',
    'Permissions of this job: net has the local host "localhost:80"',
    'mine',
  ])
  assert.equal(record.logs[0]?.level, 'warn')
})

test('an operator who audits hears what each run was given and how it went', async () => {
  audits.length = 0
  await run('export default () => 1', { tools, permissions: { net: true } })

  assert.deepEqual(audits.map(({ durationMs, ...audit }) => [audit, durationMs > 0]), [[{
    tenant: 'acme', jobId: 'job-1', fence: 1, tools: ['probe'],
    grants: { env: [], net: true, read: [], write: [], hrtime: false },
    risks: ['net is true: every host can be reached'],
    outcome: 'succeeded', receipt: { lines: [], omitted: 0 },
  }, true]])
})
