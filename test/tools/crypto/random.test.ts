import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startCrypto, type Kit } from './sandbox.ts'

const { inside, same, run } = await startCrypto({ operations: 20_000 })

test('random values fill arrays of integers in place, and no others', async () => {
  await same(async ({ errorOf }: Kit) => {
    const kinds = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, BigInt64Array, BigUint64Array, Float16Array, Float32Array, Float64Array, DataView]
    const out: unknown[] = []
    for (const kind of kinds) {
      const array = kind === DataView ? new DataView(new ArrayBuffer(64)) : new (kind as typeof Uint8Array)(64)
      const error = await errorOf(() => crypto.getRandomValues(array as Uint8Array<ArrayBuffer>))
      const isFilled = error === 'no error' && new Set(new Uint8Array(array.buffer)).size > 10
      out.push([kind.name, error, isFilled, error === 'no error' && crypto.getRandomValues(array as never) === array])
    }
    return out
  })
})

test('what is no view on a buffer is a TypeError', async () => {
  const errors = await inside(async ({ errorOf }: Kit) => {
    const errors = [await errorOf(() => (crypto.getRandomValues as () => void)())]
    for (const wrong of [undefined, null, 5, 'text', [1, 2], new ArrayBuffer(4), {}]) errors.push(await errorOf(() => crypto.getRandomValues(wrong as never)))
    return errors
  })

  assert.deepEqual(errors, Array(8).fill('TypeError'))
})

test('a part of a buffer is all that is filled, and a subclass counts as what it is', async () => {
  const answer = await inside(() => {
    class Own extends Uint8Array<ArrayBuffer> {
      override get length (): number { throw new Error('read') }
      override get byteLength (): number { throw new Error('read') }
      override get buffer (): ArrayBuffer { throw new Error('read') }
      override set (): void { throw new Error('called') }
      static get [Symbol.species] (): never { throw new Error('read') }
      override get [Symbol.toStringTag] (): never { throw new Error('read') }
    }
    const buffer = new ArrayBuffer(100)
    const part = crypto.getRandomValues(new Uint8Array(buffer, 10, 50))
    const own = new Own(new ArrayBuffer(1000))
    const same = crypto.getRandomValues(own) === own
    const detached = new Uint8Array(8)
    detached.buffer.transfer()
    const all = new Uint8Array(buffer)
    return [part.byteOffset, part.length, [...all.subarray(0, 10), ...all.subarray(60)].every((byte) => byte === 0), new Set(all).size > 10, same, own[999] !== own[998] || own[997] !== own[996], crypto.getRandomValues(detached) === detached]
  })

  assert.deepEqual(answer, [10, 50, true, true, true, true, true])
})

test('65,536 bytes come at once and one more is a QuotaExceededError', async () => {
  const answer = await inside(() => {
    const full = crypto.getRandomValues(new Uint32Array(16_384))
    try {
      crypto.getRandomValues(new Uint8Array(65_537))
    } catch (error) {
      const { name, code, quota, requested, constructor } = error as QuotaExceededError
      return [new Set(full).size > 16_000, name, code, quota, requested, constructor === QuotaExceededError]
    }
  })

  assert.deepEqual(answer, [true, 'QuotaExceededError', 22, 65_536, 65_537, true])
})

test('no byte is given twice, and no value stands out', async () => {
  const { repeated, counts } = await inside(() => {
    const blocks = new Set<string>()
    const counts = Array.from({ length: 256 }, () => 0)
    let repeated = 0
    for (let i = 0; i < 8000; i++) {
      const block = crypto.getRandomValues(new Uint8Array(8 + i % 24))
      for (const byte of block) counts[byte]!++
      const head = block.subarray(0, 8).join()
      if (blocks.has(head)) repeated++
      blocks.add(head)
    }
    return { repeated, counts }
  }) as { repeated: number, counts: number[] }

  const expected = counts.reduce((sum, count) => sum + count) / 256
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  assert.equal(repeated, 0)
  assert.ok(chiSquare < 400, `${chiSquare}: over 400 once in ten million`) // 255 degrees of freedom
})

test('a UUID has version 4, and each is another, also in the next run', async () => {
  const make = () => inside(() => Array.from({ length: 1000 }, () => crypto.randomUUID())) as Promise<string[]>

  const uuids = [...await make(), ...await make()]

  assert.deepEqual(uuids.filter((uuid) => !/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(uuid)), [])
  assert.equal(new Set(uuids).size, 2000)
})

test('a thousand UUIDs take a handful of calls out of the isolate', async () => {
  const { report } = await run('export default () => { for (let i = 0; i < 1000; i++) crypto.randomUUID() }')

  assert.equal(report.outcome.usage.toolCalls, 4)
})
