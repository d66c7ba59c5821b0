import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogGatherer } from '../../../src/engine/runner/log-gatherer.ts'

function start () {
  const sent: [lines: string, droppedLines: number, droppedBytes: number][] = []
  return { sent, gatherer: new LogGatherer((...message) => sent.push(message)) }
}

test('what comes in one turn of the event loop goes as one message, in order', async () => {
  const { sent, gatherer } = start()

  gatherer.take('1', 0, 0)
  gatherer.take('2,3', 0, 0)
  assert.deepEqual(sent, [])
  await new Promise(setImmediate)
  gatherer.take('4', 0, 0)
  await new Promise(setImmediate)

  assert.deepEqual(sent, [['[1,2,3]', 0, 0], ['[4]', 0, 0]])
})

test('what was dropped stands before the lines of its message, and behind those that came earlier', () => {
  const { sent, gatherer } = start()

  gatherer.take('1', 0, 0)
  gatherer.take('2', 5, 50)
  gatherer.take('', 1, 10)
  gatherer.flush()

  assert.deepEqual(sent, [['[1]', 0, 0], ['[2]', 5, 50], ['[]', 1, 10]])
})

test('a message never grows far beyond a million characters', () => {
  const { sent, gatherer } = start()
  const line = `"${'x'.repeat(400_000)}"`

  for (let i = 0; i < 5; i++) gatherer.take(line, 0, 0)
  gatherer.flush()

  assert.deepEqual(sent.map(([lines]) => (JSON.parse(lines) as unknown[]).length), [2, 2, 1])
})

test('flushing nothing sends nothing', async () => {
  const { sent, gatherer } = start()

  gatherer.flush()
  gatherer.take('', 0, 0)
  await new Promise(setImmediate)

  assert.deepEqual(sent, [])
})
