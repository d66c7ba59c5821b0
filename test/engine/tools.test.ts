import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startEngine } from '../helpers/engine.ts'
import { ends } from './fixtures/probe-tool/tool.ts'

const PROBE = fileURLToPath(new URL('./fixtures/probe-tool/tool.ts', import.meta.url))
const problems: string[] = []
const { resultOf, failureOf, run } = await startEngine({
  tools: { own: `probe=${PROBE}`, config: '{"probe":{"greeting":"hi"}}' },
  onToolError: (error) => problems.push(`${error.message}: ${(error.cause as Error).message}`), // the probe throws errors
})
const tools = ['probe', 'echo']
const call = (method: string) => `export default () => probe.call(${JSON.stringify(method)})`

test('a tool of the operator\'s own is told what its definition exposes, and nothing else of its configuration', async () => {
  assert.deepEqual(await resultOf('export default () => probe.config', { tools }), { greeting: 'hi', most: 10, kinds: ['a', 'b'] })
})

test('a tool knows who calls it', async () => {
  assert.deepEqual(await resultOf(call('who'), { tools }), { tenant: 'acme', jobId: 'job-1', attempt: 1 })
})

const FAILURES: [method: string, message: string][] = [
  ['throws', 'Cannot call probe.throws: the tool failed'],
  ['rejects', 'Cannot call probe.rejects: the tool failed'],
  ['lies', 'Cannot call probe.lies: the tool failed'],
  ['late', 'Cannot call probe.late: it did not answer within 50 ms'],
  ['huge', 'Cannot call probe.huge: its answer is larger than 16777216 bytes'],
  ['missing', 'Cannot call probe.missing: there is no such method'],
  ['constructor', 'Cannot call probe.constructor: there is no such method'],
  ['__proto__', 'Cannot call probe.__proto__: there is no such method'],
]
for (const [method, message] of FAILURES) {
  test(`${method}: "${message}" is all that the code hears`, async () => {
    const failure = await failureOf(call(method), { tools })

    assert.deepEqual([failure.code, failure.name, failure.message], ['TOOL_ERROR', 'ToolError', message])
    assert.match(failure.stack ?? '', /^ToolError: [^\n]*\n {4}at [^\n]*job\.js:1:/)
    assert.doesNotMatch(failure.stack ?? '', /batchbox|node_modules|\/src\//)
  })
}

test('the operator hears why a tool failed', () => {
  assert.deepEqual(problems.filter((problem) => !problem.includes('lies')).sort(), [
    'Cannot answer probe.rejects: the tool failed: password is hunter2',
    'Cannot answer probe.throws: the tool failed: disk /var/secret is full',
  ])
})

for (const [rates, why] of [['away', /rates are at/], ['range', /its permissions are not .*10\.0\.0\.0\/8/]] as const) {
  test(`a tool that fails to say what it may touch (${rates}) fails the run, and the operator hears why`, async () => {
    const failure = await failureOf(call('nothing'), { tools, tags: { rates } })

    assert.deepEqual([failure.code, failure.message], ['TOOL_ERROR', 'Cannot run job: tool "probe" failed to say what it may touch'])
    assert.match(problems.at(-1) ?? '', why)
  })
}

test('a tool that refuses says so with the code it chose', async () => {
  const failure = await failureOf(call('refuses'), { tools })

  assert.deepEqual([failure.code, failure.message], ['PERMISSION_DENIED', 'Cannot read "x": nobody granted it'])
})

test('a tool that answers nothing answers null', async () => {
  assert.equal(await resultOf(call('nothing'), { tools }), null)
})

test('bytes go with a call and come back with its answer as they are', async () => {
  const code = `export default async () => {
    const bytes = Array.from({ length: 256 }, (_, i) => String.fromCharCode(i)).join('')
    const answer = await probe.callBytes('reverse', '"\\u00e9\\ud83d\\ude00"', bytes)
    return [answer.text, answer.bytes.length, answer.bytes === [...bytes].reverse().join('')]
  }`

  assert.deepEqual(await resultOf(code, { tools }), ['{"value":"\u00e9\u{1f600}","length":256}', 256, true])
})

test('more bytes than a call may come with are refused before they leave the runner', async () => {
  const failure = await failureOf(`export default () => probe.callBytes('reverse', '1', 'x'.repeat(1_048_577))`, { tools })

  assert.deepEqual([failure.code, failure.message], ['TOOL_ERROR', 'Cannot call probe.reverse: it comes with 1048577 bytes, allowed are 1048576'])
})

test('arguments that are not JSON are refused', async () => {
  const failure = await failureOf(`export default () => probe.call('who', '{')`, { tools })

  assert.equal(failure.message, 'Cannot call probe.who: its arguments are not JSON')
})

test('arguments that are too long are refused before they leave the isolate', async () => {
  const failure = await failureOf(`export default () => probe.call('who', '"' + 'x'.repeat(1_048_575) + '"')`, { tools })

  assert.deepEqual([failure.code, failure.message], ['USER_ERROR', 'Cannot call probe.who: its arguments have 1048577 characters, allowed are 1048576'])
})

test('a tool without a native has no synchronous calls', async () => {
  const failure = await failureOf(`export default () => probe.callSync('who')`, { tools })

  assert.equal(failure.message, 'Cannot call "probe": it has no native')
})

test('a tool that would outlive its run is told of the end, holds nothing up, and answers nobody', async () => {
  const code = 'export default () => { probe.call("outlives").then(() => console.log("heard")); return "done" }'

  const { report, logs, tookMs } = await run(code, { tools })

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '"done"')
  assert.deepEqual([ends.map(String), logs], [['Error: The run is over', 'true'], []])
  assert.ok(tookMs < 30_000, `${tookMs} ms`)
})

test('one call more than toolCalls ends the run with TOOL_LIMIT, whether or not the code catches it', async () => {
  const code = 'export default async () => { for (let i = 0; i < 9; i++) { try { await echo.say(i) } catch {} } return "went on" }'

  const failure = await failureOf(code, { tools, limits: { toolCalls: 3 } })

  assert.deepEqual([failure.code, failure.limit], ['TOOL_LIMIT', { name: 'toolCalls', configured: 3, observed: 4, suggested: 8 }])
  assert.equal(failure.message, 'Cannot call echo.say: 3 calls of tools were made, the limit')
})

test('one call more than concurrentToolCalls at one time ends the run with TOOL_LIMIT', async () => {
  const code = 'export default () => Promise.all([1, 2, 3, 4, 5].map((n) => echo.say(n)))'

  const failure = await failureOf(code, { tools, limits: { concurrentToolCalls: 4 } })

  assert.deepEqual([failure.code, failure.limit], ['TOOL_LIMIT', { name: 'concurrentToolCalls', configured: 4, observed: 5, suggested: 10 }])
})

test('a thousand calls one after another, and 64 at one time, are answered each with its own', async () => {
  const code = `export default async () => {
    for (let i = 0; i < 700; i++) if (await echo.say(i) !== String(i)) return i
    const all = await Promise.all(Array.from({ length: 64 }, (_, i) => echo.say(i)))
    return all.every((text, i) => text === String(i))
  }`

  assert.equal(await resultOf(code, { tools }), true)
})

test('runs that make all the calls they may, one after another, are no flood', async () => {
  const code = `export default async () => {
    for (let round = 0; round < 15; round += 1) {
      await Promise.all(Array.from({ length: 64 }, (_, call) => { console.log(call); return echo.say(String(call)) }))
    }
    return 'done'
  }`

  for (let runs = 0; runs < 12; runs += 1) assert.equal(await resultOf(code, { tools }), 'done')
})

test('the wall limit stops code that waits for a tool, and code that loops after one answered', async () => {
  const waits = await failureOf(call('never'), { tools, limits: { timeoutMs: 200 } })
  const loops = await failureOf('export default async () => { await echo.say(1); for (;;); }', { tools, limits: { timeoutMs: 200 } })

  assert.deepEqual([waits.code, loops.code], ['TIMEOUT', 'TIMEOUT'])
})

test('the CPU limit stops code that loops after a tool answered', async () => {
  const failure = await failureOf('export default async () => { await echo.say(1); for (;;); }', { tools, limits: { cpuMs: 100 } })

  assert.equal(failure.code, 'CPU_LIMIT')
})

test('a cancel ends a run that waits for a tool', async () => {
  const cancel = new AbortController()

  const { report } = await run(`export default async () => { console.log('waits'); await probe.call('never') }`, { tools, signal: cancel.signal, onLog: () => cancel.abort() })

  assert.equal(report.outcome.type, 'cancelled')
})

test('a job that names a tool which the worker has not ends as UNAVAILABLE', async () => {
  const failure = await failureOf('export default () => 1', { tools: ['teleport'] })

  assert.deepEqual([failure.code, failure.message], ['UNAVAILABLE', 'Cannot run job: this worker has no tool teleport; start it with the same BATCHBOX_TOOLS as the API'])
})
