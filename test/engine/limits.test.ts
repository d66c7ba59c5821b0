import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureIn, startEngine, type RunRecord } from '../helpers/engine.ts'

const { run, resultOf, failureOf } = await startEngine({ lanes: 2, spares: 1 })

const inEntry = (body: string) => `export default async (input, context) => { ${body} }`

const ENDLESS: [where: string, code: string][] = [
  ['a loop', inEntry('for (;;) {}')],
  ['a loop while the module is evaluated', 'for (;;) {}'],
  ['a loop after an awaited timer', inEntry('await new Promise((resolve) => setTimeout(resolve, 5)); for (;;) {}')],
  ['a loop in a timer', inEntry('setTimeout(() => { for (;;) {} }, 1); await new Promise(() => {})')],
  ['a flood of microtasks', inEntry('const flood = () => Promise.resolve().then(flood); await flood()')],
  ['a flood of queueMicrotask', inEntry('const flood = () => queueMicrotask(flood); flood(); await new Promise(() => {})')],
  ['an async generator', inEntry('async function * endless () { for (;;) yield 1 } for await (const x of endless()) {}')],
  ['a promise that never settles', inEntry('await new Promise(() => {})')],
  ['a getter of what was thrown', inEntry('throw Object.defineProperty(new Error(), "message", { get () { for (;;) {} } })')],
  ['prepareStackTrace', inEntry('Error.prepareStackTrace = () => { for (;;) {} }; throw new Error("x")')],
  ['toJSON', inEntry('return { toJSON () { for (;;) {} } }')],
  ['a thenable', inEntry('return { then () { for (;;) {} } }')],
  ['a thenable of thenables', inEntry('const again = { then (resolve) { resolve(again) } }; return again')],
  ['a regular expression', inEntry('return /^(a+)+$/.test("a".repeat(40) + "b")')],
  ['a flood of logs', inEntry('for (;;) console.log("x")')],
  ['a flood of progress', inEntry('for (let i = 0;; i++) context.progress(i)')],
  ['a flood of timers', inEntry('for (;;) clearTimeout(setTimeout(() => {}, 1))')],
  ['an inspected proxy', inEntry('console.log(new Proxy({}, { ownKeys () { for (;;) {} } }))')],
]

test('the wall time ends code wherever it is stuck, with the figure configured and the figure seen', async () => {
  const lanes = [ENDLESS.filter((_, i) => i % 2 === 0), ENDLESS.filter((_, i) => i % 2 === 1)]

  await Promise.all(lanes.map(async (cases) => {
    for (const [where, code] of cases) {
      const { report, tookMs } = await run(code, { limits: { timeoutMs: 120 } })
      const { name, message, limit } = failureIn(report, 'TIMEOUT')
      assert.deepEqual([name, limit?.name, limit?.configured], ['TimeoutError', 'timeoutMs', 120], where)
      assert.match(message, /^Execution timeout(?:$|; it waited)/)
      assert.ok(limit && limit.observed >= 120 && limit.suggested >= 240)
      assert.ok(tookMs < 120 + 4000, `${where} took ${tookMs} ms`)
    }
  }))
})

test('the CPU limit counts work and not waiting', async () => {
  const [stuck, often, idle] = await Promise.all([
    failureOf(inEntry('for (;;) {}'), { limits: { cpuMs: 80 } }),
    failureOf(inEntry('for (;;) { const until = Date.now() + 5; while (Date.now() < until); await new Promise((resolve) => setTimeout(resolve, 1)) }'), { limits: { cpuMs: 80 } }),
    run(inEntry('await new Promise((resolve) => setTimeout(resolve, 400)); return 1'), { limits: { cpuMs: 80 } }),
  ])

  for (const failure of [stuck, often]) {
    assert.deepEqual([failure.code, failure.name, failure.limit?.name, failure.limit?.configured], ['CPU_LIMIT', 'CpuLimitError', 'cpuMs', 80])
    assert.ok(failure.limit && failure.limit.observed >= 80)
  }
  assert.equal(idle.report.outcome.type, 'succeeded')
  assert.ok(idle.report.outcome.usage.wallMs >= 399 && idle.report.outcome.usage.cpuMs < 80, JSON.stringify(idle.report.outcome.usage))
})

const HUNGRY: [of: string, body: string][] = [
  ['arrays', 'const all = []; for (;;) all.push(new Array(1000).fill(1))'],
  ['objects in a Map', 'const all = new Map(); for (let i = 0;; i++) all.set(i, new Array(50).fill(i))'],
  ['strings', 'const all = []; for (let i = 0;; i++) all.push(String(i).padStart(100_000, "ab"))'],
  ['buffers', 'const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))'],
  ['one huge buffer', 'return new ArrayBuffer(4e9).byteLength'],
  ['arrays after a wait', 'await new Promise((resolve) => setTimeout(resolve, 1)); const all = []; for (;;) all.push(new Array(1000).fill(1))'],
]

test('the memory limit ends code that hoards', async () => {
  for (const [of, body] of HUNGRY) {
    const { report } = await run(inEntry(body), { limits: { memoryMb: 16 } })
    const { name, limit } = failureIn(report, 'MEMORY_LIMIT')
    assert.deepEqual([name, limit?.name, limit?.configured], ['MemoryLimitError', 'memoryMb', 16], of)
    assert.ok(limit && limit.observed >= 16)
  }
})

test('a run may use the memory that it asked for', async () => {
  assert.equal(await resultOf(inEntry('const all = []; for (let i = 0; i < 60; i++) all.push(new Uint8Array(1e6).fill(i)); return all.length'), { limits: { memoryMb: 128 } }), 60)
})

test('after each way to end, the next run is served and finds nothing of it', async () => {
  await run(inEntry('for (;;) {}'), { limits: { timeoutMs: 50 } })
  await run(inEntry('const all = []; for (;;) all.push(new ArrayBuffer(1e6))'), { limits: { memoryMb: 16 } })
  await run(inEntry('globalThis.left = 1; throw 1'))

  assert.deepEqual(await resultOf(inEntry('return [typeof globalThis.left, 1 + 1]')), ['undefined', 2])
})

function cancelled ({ report }: RunRecord): number {
  assert.equal(report.outcome.type, 'cancelled', JSON.stringify(report.outcome))
  return report.outcome.stoppedAfterMs
}

for (const [where, body] of [['in a loop', 'console.log("runs"); for (;;) {}'], ['while it waits', 'console.log("runs"); await new Promise(() => {})'], ['in a timer', 'setTimeout(() => { console.log("runs"); for (;;) {} }, 1); await new Promise(() => {})']] as const) {
  test(`a cancel stops code ${where} at once`, async () => {
    const cancel = new AbortController()
    let askedAt = 0

    const record = await run(inEntry(body), { signal: cancel.signal, onLog () { askedAt = performance.now(); cancel.abort() } })
    const stopMs = performance.now() - askedAt

    assert.ok(cancelled(record) <= record.tookMs)
    assert.ok(stopMs < 1500, `stopped after ${stopMs} ms`)
  })
}

test('a run that is cancelled before it starts does not run', async () => {
  const record = await run(inEntry('console.log("ran")'), { signal: AbortSignal.abort() })

  assert.equal(cancelled(record), 0)
  assert.deepEqual(record.logs, [])
})

test('a run that is cancelled while it is handed over ends as cancelled', async () => {
  for (let turns = 0; turns < 6; turns++) {
    const cancel = new AbortController()
    const running = run(inEntry('await new Promise(() => {})'), { signal: cancel.signal })
    for (let i = 0; i < turns; i++) await new Promise(setImmediate)
    cancel.abort()
    assert.ok(cancelled(await running) >= 0)
  }
})

test('a cancel after the end changes nothing', async () => {
  const cancel = new AbortController()
  const { report } = await run(inEntry('return 1'), { signal: cancel.signal })

  cancel.abort()

  assert.equal(report.outcome.type, 'succeeded')
  assert.equal(await resultOf(inEntry('return 2')), 2)
})

test('a neighbour goes on while the lane beside it is stuck and stopped', async () => {
  const stuck = Promise.all([run(inEntry('for (;;) {}'), { limits: { timeoutMs: 400 } }), run(inEntry('for (;;) console.log("x".repeat(1000))'), { limits: { timeoutMs: 400 } })])
  const ticks = await resultOf(inEntry('let n = 0; await new Promise((resolve) => { const id = setInterval(() => { if (++n === 20) { clearInterval(id); resolve() } }, 5) }); return n'))

  assert.equal(ticks, 20)
  for (const { report } of await stuck) failureIn(report, 'TIMEOUT')
})

test('what a run used is told: time, memory, bytes of logs and of the result', async () => {
  const { report: { outcome, spans, isolation } } = await run(inEntry('console.log("é"); const until = Date.now() + 30; while (Date.now() < until); return "é"'))

  const { usage } = outcome
  assert.ok(usage.wallMs >= 30 && usage.wallMs < 5000)
  assert.ok(usage.cpuMs > 5 && usage.cpuMs <= usage.wallMs + 20, JSON.stringify(usage))
  assert.ok(usage.peakMemoryBytes > 0)
  assert.deepEqual([usage.logBytes, usage.resultBytes, usage.toolCalls], [2, 4, 0])
  assert.deepEqual(spans.map(({ name }) => name), ['compile', 'isolate boot', 'user code'])
  for (const { startMs, endMs } of spans) assert.ok(startMs <= endMs && Math.abs(endMs - Date.now()) < 60_000)
  assert.equal(isolation?.permission, true)
})
