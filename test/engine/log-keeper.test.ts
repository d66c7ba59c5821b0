import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogEntry } from '../../src/engine/engine.ts'
import { LogKeeper } from '../../src/engine/log-keeper.ts'

const NONE = { lines: 0, bytes: 0 }
const build = (...messages: string[]): LogEntry[] => messages.map((message) => ({ time: 1, level: 'log', message }))
const keep = (lines: number, bytes = 1000, tailLines = 2, tailBytes = 100) => new LogKeeper({ headLines: lines, headBytes: bytes, tailLines, tailBytes })
const messagesOf = (entries: LogEntry[]) => entries.map(({ message }) => message)

test('the head passes as it comes, over batches', () => {
  const keeper = keep(3)

  assert.deepEqual(messagesOf(keeper.take(build('a', 'b'), NONE)), ['a', 'b'])
  assert.deepEqual(messagesOf(keeper.take(build('c', 'd'), NONE)), ['c'])
  assert.deepEqual(messagesOf(keeper.tail.lines), ['d'])
})

test('once a line did not fit, no later one passes, however short', () => {
  const keeper = keep(10, 5)

  assert.deepEqual(messagesOf(keeper.take(build('abc', 'defg', 'h'), NONE)), ['abc'])
  assert.deepEqual(messagesOf(keeper.tail.lines), ['defg', 'h'])
})

test('the ring keeps the newest lines and counts what it lets go, in lines and in bytes of UTF-8', () => {
  const keeper = keep(0)

  keeper.take(build('é', 'bb', 'c', 'dddd'), NONE)

  assert.deepEqual(messagesOf(keeper.tail.lines), ['c', 'dddd'])
  assert.deepEqual(keeper.tail.dropped, { lines: 2, bytes: 4 })
  assert.equal(keeper.bytes, 5)
})

test('a line larger than the whole ring is let go', () => {
  const keeper = keep(0, 0, 2, 3)

  keeper.take(build('a', 'bbbb', 'c'), NONE)

  assert.deepEqual(messagesOf(keeper.tail.lines), ['c'])
  assert.deepEqual(keeper.tail.dropped, { lines: 2, bytes: 5 })
})

test('what the sandbox left out is counted, and ends the head', () => {
  const keeper = keep(10)

  assert.deepEqual(keeper.take(build('a'), { lines: 5, bytes: 50 }), [])

  assert.deepEqual(keeper.tail.dropped, { lines: 5, bytes: 50 })
  assert.deepEqual(messagesOf(keeper.tail.lines), ['a'])
})

test('without a ring everything after the head is counted', () => {
  const keeper = keep(1, 1000, 0, 0)

  keeper.take(build('a', 'b', 'c'), NONE)

  assert.deepEqual([keeper.tail.lines, keeper.tail.dropped, keeper.bytes], [[], { lines: 2, bytes: 2 }, 1])
})

test('the newest lines are known whatever the budget, twenty of them and none in full', () => {
  const keeper = keep(1, 1000, 0)

  keeper.take(build(...Array.from({ length: 30 }, (_, i) => String(i))), NONE)
  keeper.take(build('x'.repeat(1000)), NONE)

  assert.equal(keeper.lastLines.length, 20)
  assert.deepEqual([keeper.lastLines[0], keeper.lastLines.at(-2)], ['log: 11', 'log: 29'])
  assert.equal(keeper.lastLines.at(-1), `log: ${'x'.repeat(195)}`)
})
