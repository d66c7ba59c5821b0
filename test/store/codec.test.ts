import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { COMPRESS_FROM_BYTES, INLINE_PAYLOAD_BYTES, MAX_UNPACKED_BYTES, pack, packPayload, readReference, unpack } from '../../src/store/codec.ts'

test('short text is kept as it is after its format byte, longer text is compressed', async () => {
  const short = await pack('{"a":"é"}')
  const long = await pack('a'.repeat(COMPRESS_FROM_BYTES))

  assert.deepEqual(short, Buffer.concat([Buffer.of(1), Buffer.from('{"a":"é"}')]))
  assert.equal(long[0], 2)
  assert.ok(long.length < 100)
})

for (const size of [0, 10, COMPRESS_FROM_BYTES, 500_000]) {
  test(`${size} characters unpack to what was packed`, async () => {
    const text = Array.from({ length: size }, (_, index) => String.fromCodePoint(97 + index * index % 1000)).join('')

    assert.equal((await unpack(await pack(text))).toString(), text)
  })
}

test('a value of a format that a newer version wrote is refused with its number', async () => {
  await assert.rejects(unpack(Buffer.of(3, 1, 2)), { message: 'Cannot read stored value: its format is 3, this version knows 1 and 2' })
  await assert.rejects(unpack(Buffer.alloc(0)), /its format is undefined/)
})

test('a value that would unpack to more than the bound is refused', async () => {
  const bomb = zstdCompressSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1))

  await assert.rejects(unpack(Buffer.concat([Buffer.of(2), bomb])), { code: 'ERR_BUFFER_TOO_LARGE' })
})

test('a payload stands inline up to its limit and is a reference with its size beyond', async () => {
  const inline = await packPayload('i'.repeat(INLINE_PAYLOAD_BYTES))
  const apart = await packPayload('a'.repeat(INLINE_PAYLOAD_BYTES + 1))

  assert.equal(inline.body, null)
  assert.equal(readReference(inline.field), undefined)
  assert.equal(readReference(apart.field), INLINE_PAYLOAD_BYTES + 1)
  assert.equal((await unpack(apart.body ?? Buffer.of())).length, INLINE_PAYLOAD_BYTES + 1)
})
