import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { BUFFER_CALLS, BUFFER_SETUP } from './buffer-calls.ts'
import { assertDrawnSame } from './drawn-calls.ts'

const guest = await openGuest()
process.noDeprecation = true // `new Buffer()` is among the calls

test('drawn calls of the whole of node:buffer do what Node\'s do', async (t) => {
  await assertDrawnSame(t, guest, { setup: BUFFER_SETUP, kinds: BUFFER_CALLS, callsOfAKind: 260 })
})

test('every member of node:buffer, of Buffer and of its prototype is there, named and counted as in Node', async () => {
  const describe = (on: string): string => `Reflect.ownKeys(${on}).map((key) => { const { value, get, set, ...rest } = Object.getOwnPropertyDescriptor(${on}, key); return [String(key), typeof value, value?.name, value?.length, typeof get, typeof set, rest] })`

  await assertSameAsNode(guest, BUFFER_SETUP, [
    describe('Buffer'), describe('Buffer.prototype'), describe('buffer.constants'), 'Object.keys(buffer)', 'Object.getPrototypeOf(Buffer) === Uint8Array', 'Object.getPrototypeOf(Buffer.prototype) === Uint8Array.prototype',
    'Buffer === buffer.Buffer', 'require("node:buffer") === buffer', 'buffer.Blob === Blob', 'buffer.File === File', 'Buffer.alloc(1) instanceof Uint8Array', 'Buffer[Symbol.species] === Buffer', 'buffer.kMaxLength', 'buffer.kStringMaxLength', 'buffer.SlowBuffer', 'buffer.constants',
  ])
})

test('small Buffers share a pool as in Node, and no other ones', async () => {
  await assertSameAsNode(guest, BUFFER_SETUP, [
    'Buffer.poolSize', 'Buffer.from("a").buffer === Buffer.from("b").buffer', 'Buffer.allocUnsafe(5).buffer === Buffer.allocUnsafe(9).buffer', 'Buffer.concat([Buffer.alloc(2)]).buffer === Buffer.from("a").buffer',
    'Buffer.allocUnsafeSlow(5).buffer === Buffer.allocUnsafeSlow(5).buffer', 'Buffer.alloc(5).buffer.byteLength', 'Buffer.allocUnsafeSlow(7).buffer.byteLength', 'Buffer.from([1, 2]).buffer === Buffer.from("a").buffer',
    '((a, b) => b.byteOffset - a.byteOffset)(Buffer.allocUnsafe(5), Buffer.allocUnsafe(5))', '((a, b) => b.byteOffset - a.byteOffset)(Buffer.from("abc"), Buffer.from("abcdefghi"))', 'Buffer.from("a").byteOffset % 8',
    'Buffer.allocUnsafe(Buffer.poolSize >>> 1).buffer.byteLength', 'Buffer.allocUnsafe((Buffer.poolSize >>> 1) - 1).buffer.byteLength > Buffer.poolSize - 1', 'Buffer.from("x".repeat(40000)).buffer.byteLength',
    '(() => { const size = Buffer.poolSize; try { Buffer.poolSize = 64; Buffer.allocUnsafe(Buffer.poolSize >>> 1); return [Buffer.allocUnsafe(40).buffer.byteLength, Buffer.poolSize] } finally { Buffer.poolSize = size } })()',
    'Buffer.from(new Uint8Array([1, 2]).buffer).buffer.byteLength', '((m) => Buffer.from(m).buffer === m)(memory())', '((b) => Buffer.from(b).buffer === b.buffer)(Buffer.alloc(3))', '((b) => b.subarray(1).buffer === b.buffer)(Buffer.alloc(3))',
  ])
})

test('Blob, File and errors of Buffer are shown as in Node', async () => {
  await assertSameAsNode(guest, BUFFER_SETUP, [
    'util.inspect(new Blob(["abc"], { type: "a/b" }))', 'util.inspect([[new Blob([])]])', 'util.inspect({ a: { b: { c: new Blob([]) } } })', 'util.inspect(new File(["abc"], "n", { lastModified: 1 }))', 'util.inspect(new Blob([]), { depth: 0 })',
    '(async () => { const texts = []; for await (const text of new Blob(["grün", " 😀"]).textStream()) texts.push(text); return texts.join("") })()',
    ...['Buffer.from(5)', 'Buffer.alloc("x")', 'Buffer.alloc(3).readInt8(9)', 'Buffer.alloc(3).toString("nope")', 'Buffer.alloc(3).swap16()', 'Buffer.alloc(1).writeInt8(999)'].map((call) => `(() => { try { ${call} } catch (error) { return [error.stack.split("\\n")[0], Object.keys(error), String(error), error instanceof Error] } })()`),
    'Blob.prototype.size', 'Blob.prototype.slice.call({})', 'Blob.prototype.text.call(1)', 'File.prototype.name', 'new File([])', 'new Blob([1, Symbol("s")])', 'new Blob({ [Symbol.iterator]: 1 })', 'Blob()', 'atob()', 'btoa()', 'buffer.btoa()',
  ])
})

test('Buffer is a global that is not enumerated', async () => {
  const descriptor = await guest.evaluate('(({ value, ...rest }) => rest)(Object.getOwnPropertyDescriptor(globalThis, "Buffer"))')

  assert.deepEqual(descriptor, { writable: true, enumerable: false, configurable: true })
})
