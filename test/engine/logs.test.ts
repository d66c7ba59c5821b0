import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allMessages, failureIn, type RunRecord, startEngine } from '../helpers/engine.ts'

const { run } = await startEngine({ lanes: 2, spares: 0 })

const printing = (lines: number, text = 'i') => `export default () => { for (let i = 0; i < ${lines}; i++) console.log(${text}) }`

/** Everything that was logged: what was delivered, what was left out, what the tail holds. */
function countLines ({ logs, report: { logTail } }: RunRecord) {
  return { head: logs.length, dropped: logTail.dropped.lines, tail: logTail.lines.length, all: logs.length + logTail.dropped.lines + logTail.lines.length }
}

function countBytes ({ logs, report: { logTail } }: RunRecord): number {
  return [...logs, ...logTail.lines].reduce((sum, { message }) => sum + Buffer.byteLength(message), 0) + logTail.dropped.bytes
}

test('a line is delivered while the code that wrote it still runs', async () => {
  const cancel = new AbortController()

  const { report, logs } = await run('export default () => { console.log("now"); for (;;) {} }', { signal: cancel.signal, onLog: () => cancel.abort() })

  assert.equal(report.outcome.type, 'cancelled') // by that line: nothing else would have ended it for 30 seconds
  assert.deepEqual(logs.map(({ message }) => message), ['now'])
})

test('under the budget nothing is lost and nothing is out of order', async () => {
  const record = await run(printing(899))

  assert.deepEqual(countLines(record), { head: 899, dropped: 0, tail: 0, all: 899 })
  assert.deepEqual(record.logs.map(({ message }) => message), Array.from({ length: 899 }, (_, i) => String(i)))
})

test('the head keeps nine tenths of the lines, the tail the last tenth, and what is between is counted', async () => {
  for (const [lines, expected] of [
    [900, { head: 900, dropped: 0, tail: 0 }], [901, { head: 900, dropped: 0, tail: 1 }], [1000, { head: 900, dropped: 0, tail: 100 }],
    [1001, { head: 900, dropped: 1, tail: 100 }], [25_000, { head: 900, dropped: 24_000, tail: 100 }],
  ] as const) {
    const record = await run(printing(lines))
    assert.deepEqual(countLines(record), { ...expected, all: lines })
    assert.equal(record.report.logTail.lines.at(-1)?.message ?? record.logs.at(-1)?.message, String(lines - 1))
    assert.equal(record.logs.at(-1)?.message, '899')
  }
})

test('bytes bound the logs like lines do, and every byte is kept or counted', async () => {
  const lines = 3000
  const record = await run(printing(lines, '"é".repeat(50)'), { limits: { logBytes: 20_000, logLines: 100_000 } })

  assert.deepEqual(countLines(record), { head: 180, dropped: 2800, tail: 20, all: lines })
  assert.equal(countBytes(record), lines * 100)
  assert.equal(record.report.outcome.usage.logBytes, 20_000)
})

test('a line over the rest of the head goes to the tail, and so does everything after it', async () => {
  const { logs, report } = await run('export default () => { console.log("a"); console.log("b".repeat(950)); console.log("c"); console.log("d".repeat(60)) }', { limits: { logBytes: 1000 } })

  assert.deepEqual(logs.map(({ message }) => message), ['a'])
  assert.deepEqual(report.logTail, { dropped: { lines: 1, bytes: 950 }, lines: report.logTail.lines })
  assert.deepEqual(report.logTail.lines.map(({ message }) => message), ['c', 'd'.repeat(60)])
})

test('a budget of nothing keeps nothing and counts all', async () => {
  assert.deepEqual(countLines(await run(printing(50), { limits: { logLines: 0 } })), { head: 0, dropped: 50, tail: 0, all: 50 })
  assert.deepEqual(countLines(await run(printing(50, '"x"'), { limits: { logBytes: 0 } })), { head: 0, dropped: 50, tail: 0, all: 50 })
})

test('a run that is killed under its budget loses no line', async () => {
  for (const code of [
    'export default () => { for (let i = 0; i < 800; i++) console.log(i); for (;;) {} }',
    'export default async () => { for (let i = 0; i < 800; i++) { console.log(i); if (i % 100 === 0) await 1 } await new Promise(() => {}) }',
  ]) {
    const record = await run(code, { limits: { timeoutMs: 300 } })
    failureIn(record.report, 'TIMEOUT')
    assert.deepEqual(countLines(record), { head: 800, dropped: 0, tail: 0, all: 800 })
  }
})

test('a run that is killed in a flood keeps its whole head and a tail that is nearly as old as its end', async () => {
  const record = await run('export default () => { for (;;) console.log(Date.now()) }', { limits: { timeoutMs: 1000 } })

  failureIn(record.report, 'TIMEOUT')
  const { head, dropped, tail } = countLines(record)
  assert.deepEqual([head, tail], [900, 100])
  assert.ok(dropped > 1000)
  const [first, last] = [Number(record.logs[0]?.message), Number(record.report.logTail.lines.at(-1)?.message)]
  assert.ok(last - first > 400, `the tail ends ${last - first} ms after the start`)
})

test('the largest budget a job may have is kept whole, however the lines are written', async () => {
  const limits = { logLines: 100_000, logBytes: 16_777_216, timeoutMs: 20_000 }
  const many = await run(printing(100_000), { limits })
  const escaped = await run(printing(300, '"\\0".repeat(60_000)'), { limits })

  assert.deepEqual(countLines(many), { head: 90_000, dropped: 0, tail: 10_000, all: 100_000 })
  assert.equal(many.report.outcome.type, 'succeeded')
  assert.deepEqual(countLines(escaped), { head: 251, dropped: 22, tail: 27, all: 300 })
  assert.equal(countBytes(escaped), 300 * 60_000)
})

test('a message is cut at 65,536 characters and says by how much', async () => {
  const [line] = allMessages(await run('export default () => console.log("x".repeat(100_000))'))

  assert.equal(line, `${'x'.repeat(65_536)}… 34464 more characters`)
})

test('nothing more is read of a run while its logs are being kept, and nothing is lost by it', async () => {
  const kept = Promise.withResolvers<void>()
  const seen: string[] = []
  const slow = run('export default (input, { progress }) => { console.log(1); progress(0.5); for (let i = 2; i <= 500; i++) console.log(i) }', {
    onLog: ({ message }) => seen.push(message), onProgress: () => seen.push('progress'), hold: () => kept.promise,
  })

  await run('export default () => new Promise((resolve) => setTimeout(resolve, 100))') // long enough for all of it to have come
  const whileHeld = [...seen]
  kept.resolve()
  await slow

  assert.ok(!whileHeld.includes('progress'), whileHeld.join())
  assert.equal(seen.length, 501)
})
