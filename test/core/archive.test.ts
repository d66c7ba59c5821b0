import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openArchive, packArchive } from '../../src/core/archive.ts'

test('what is packed comes out as it was, piece by piece, and nothing is read that is not asked for', () => {
  const packed = packArchive(new Map([['a', { text: 'grün', cache: new Uint8Array([0, 255]) }], ['__proto__', { text: '' }]]), { made: 'of JSON' })
  const reads: [number, number][] = []
  const archive = openArchive((start, end) => {
    reads.push([start, end])
    return Buffer.from(Uint8Array.from(packed.subarray(start, end)).buffer)
  })

  assert.equal(reads.length, 0)
  assert.deepEqual(archive.readMeta(), { made: 'of JSON' })
  assert.equal(reads.length, 3)
  assert.deepEqual([archive.names, archive.read('b'), archive.read('toString')], [['a', '__proto__'], undefined, undefined])
  const script = archive.read('a')
  assert.deepEqual([script?.text, [...script?.cache ?? []]], ['grün', [0, 255]])
  assert.deepEqual(archive.read('__proto__'), { text: '', cache: undefined })
  assert.equal(reads.length, 6, 'the index is read once')
})
