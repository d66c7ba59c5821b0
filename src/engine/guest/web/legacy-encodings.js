// @ts-check
import { normalizeEncoding } from '@exodus/bytes/encoding.js'
import { createMultibyteDecoder } from '@exodus/bytes/multi-byte.js'
import { createSinglebyteDecoder } from '@exodus/bytes/single-byte.js'

// Encodings that hardly anybody meets, with tables as large as all the rest: a unit of their own.

const MULTI_BYTE = ['gbk', 'gb18030', 'big5', 'euc-jp', 'iso-2022-jp', 'shift_jis', 'euc-kr']

/** The name of the encoding that has this label; null for one that nothing is decoded from. Source: https://encoding.spec.whatwg.org/#names-and-labels @param {string} label */
export function findEncoding (label) {
  const name = normalizeEncoding(label)
  return name === 'replacement' ? null : name
}

/** @param {string} name @param {boolean} isFatal @returns {{ decode: (bytes: Uint8Array, isLast: boolean) => string }} */
export function createLegacyDecoder (name, isFatal) {
  if (MULTI_BYTE.includes(name)) {
    const decode = createMultibyteDecoder(name, !isFatal)
    return { decode: (bytes, isLast) => decode(bytes, !isLast) }
  }
  const decode = createSinglebyteDecoder(name, !isFatal)
  return { decode: (bytes) => decode(bytes) }
}
