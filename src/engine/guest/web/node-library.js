// @ts-check
import { setLoader } from '../node/binding/util.js'
import { requireFile } from '../node/realm.js'

requireFile('internal/per_context/primordials')
setLoader(requireFile)

export { BASE64, ENCODINGS, LATIN1, UCS2, UTF8, toEncodingNumber } from '../node/binding/encodings.js'

export { processObject, queueTick } from '../node/process-object.js'

/** Makes a Buffer of bytes. */
export const toBuffer = (/** @type {Uint8Array} */ bytes) => requireFile('buffer').Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Answers what a file of Node's library exports. It is evaluated when it is first asked for. */
export const loadLibrary = requireFile

/** Uses what most code that uses any of this uses, so that V8 has it compiled. */
export function rehearse () {
  const { Buffer } = requireFile('buffer')
  const text = 'grün €'.repeat(500)
  for (const encoding of ['utf8', 'latin1', 'hex', 'base64', 'base64url', 'utf16le']) Buffer.from(Buffer.from(text).toString(encoding), encoding).toString(encoding)
  Buffer.concat([Buffer.alloc(3, 'a'), Buffer.from([1, 2])]).subarray(1).indexOf('a')
  Buffer.from('x').equals(Buffer.from('y'))
  try {
    Buffer.from(undefined)
  } catch {
    // the error is what is played
  }
  requireFile('util').inspect({ a: [1, 'b', new Map([[1, { c: undefined }]])], e: new Error('e') })
  requireFile('util').format('%s %d %j', 'a', 1, {})
  const { EventEmitter } = requireFile('events')
  new EventEmitter().on('a', () => {}).emit('a', 1)
  requireFile('path').join('a', '..', 'b')
  requireFile('querystring').stringify(requireFile('querystring').parse('a=b&c=%20'))
  requireFile('url')
  requireFile('stream').Readable.from(['a']).pipe(new (requireFile('stream').PassThrough)()).resume()
  requireFile('internal/crypto/hash')
  requireFile('crypto')
  requireFile('assert').deepStrictEqual({ a: 1 }, { a: 1 })
  new (requireFile('string_decoder').StringDecoder)('utf8').end(Buffer.from('a'))
}
