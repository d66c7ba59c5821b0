import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Receipt } from '../../src/tools/receipt.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

test('uses of one thing in one way are one line, and denials of it another', () => {
  const receipt = new Receipt()
  for (const sentBytes of [1, 2]) receipt.use({ grant: 'net', target: 'a.example:443', method: 'GET', sentBytes, durationMs: 0.25 })
  for (const reason of ['first', 'second']) receipt.deny({ grant: 'net', target: 'a.example:443', method: 'GET', reason })

  const line = { grant: 'net', target: 'a.example:443', method: 'GET', receivedBytes: 0 }
  assert.deepEqual(receipt.lines, [{ ...line, denied: null, count: 2, sentBytes: 3, durationMs: 0.5 }, { ...line, denied: 'first', count: 2, sentBytes: 0, durationMs: 0 }])
})

test('what was used is not hidden by filling the receipt beforehand with what was denied, or with other uses', () => {
  const fillers: ((receipt: Receipt, i: number) => void)[] = [
    (receipt, i) => receipt.deny({ grant: 'net', target: `${i}.example:443`, reason: 'no' }),
    (receipt, i) => receipt.deny({ grant: 'secret', target: `S${i}`, reason: 'no' }),
    (receipt, i) => receipt.use({ grant: 'channel', target: `topic ${i}`, method: 'emit' }),
  ]
  for (const fill of fillers) {
    const receipt = new Receipt()
    for (const i of numbers(500)) fill(receipt, i)

    receipt.use({ grant: 'net', target: 'thief.example:443', method: 'POST', sentBytes: 7 })
    receipt.use({ grant: 'net', target: 'thief.example:443', method: 'POST', sentBytes: 7 })
    for (const i of numbers(500)) fill(receipt, 500 + i)
    receipt.use({ grant: 'secret', target: 'TOKEN' })

    assert.equal(receipt.lines.length, 200)
    assert.deepEqual(receipt.lines.filter(({ target }) => ['thief.example:443', 'TOKEN'].includes(target)).map(({ count, sentBytes }) => [count, sentBytes]), [[2, 14], [1, 0]])
    assert.equal(receipt.lines.reduce((sum, { count }) => sum + count, 0) + receipt.omitted, 1003)
  }
})

test('kinds that all have many lines share the receipt, and stay as they are then', () => {
  const receipt = new Receipt()
  for (const i of numbers(300)) {
    receipt.deny({ grant: 'net', target: `${i}`, reason: 'no' })
    receipt.deny({ grant: 'env', target: `${i}`, reason: 'no' })
  }
  for (const i of numbers(300)) receipt.use({ grant: 'channel', target: `${i}` })
  const before = receipt.lines
  for (const i of numbers(300)) receipt.deny({ grant: 'net', target: `more ${i}`, reason: 'no' })

  const counts = Object.groupBy(receipt.lines, ({ grant }) => grant)
  assert.deepEqual(Object.values(counts).map(({ length }) => length).sort(), [66, 67, 67])
  assert.deepEqual(receipt.lines, before)
})

test('targets and reasons are cut, and stay different things', () => {
  const receipt = new Receipt()
  receipt.deny({ grant: 'net', target: 't'.repeat(100_000), reason: 'r'.repeat(100_000) })

  assert.deepEqual(receipt.lines.map(({ target, denied }) => [target.length, denied?.length]), [[513, 513]])
})

test('whoever reads the lines may change what they got', () => {
  const receipt = new Receipt()
  receipt.use({ grant: 'net', target: 'a.example:443', method: 'GET' })

  for (const line of receipt.lines) line.target = 'b.example:443'

  assert.deepEqual(receipt.lines.map(({ target }) => target), ['a.example:443'])
})
