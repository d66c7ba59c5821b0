// @ts-check
import {
  JSONStringify, ReflectSetPrototypeOf, TypeErrorConstructor, Uint8ArrayConstructor, append, stringCharCodeAt, stringSlice, typedArrayBuffer, typedArrayByteLength,
  typedArrayByteOffset, typedArraySet, uint8ArrayFromBase64, uint8ArrayToBase64,
} from '../intrinsics.js'
import { askNative } from '../natives.js'

// Long texts are turned into UTF-8 and back by the host, whose thread does it ten times as fast; what is short is done here before that one is awake.

/** From how many bytes or characters on it pays to ask. */
export const FAR = 8192
/** Bytes or characters that are asked about at a time, or a few less. */
const PIECE = 786_432

/**
 * Decodes bytes that end with a whole character, if with any. Throws a TypeError for what is wrong if that is fatal.
 * @param {Uint8Array} bytes @param {number} from @param {number} to @param {boolean} isFatal
 */
export function decodeFar (bytes, from, to, isFatal) {
  let text = ''
  for (let at = from; at < to;) {
    const end = at + PIECE < to ? findBoundary((i) => bytes[i], at + PIECE) : to
    const piece = new Uint8ArrayConstructor(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + at, end - at)
    text += ask(isFatal ? 'decodeFatal' : 'decode', 'null', uint8ArrayToBase64(piece)).text
    at = end
  }
  return text
}

/** Where a character begins, or the place itself where none can go over it. @param {(at: number) => number | undefined} byteAt @param {number} place */
function findBoundary (byteAt, place) {
  for (let back = 0; back < 4; back++) if (!isTail(byteAt(place - back))) return place - back
  return place
}

/** Where the last character begins if some of its bytes may be missing; else the end. @param {Uint8Array} bytes @param {number} length */
export function findUnfinished (bytes, length) {
  for (let back = 1; back < 4; back++) {
    const byte = /** @type {number} */ (bytes[length - back])
    if (byte >= 0xc0) return length - back
    if (!isTail(byte)) return length
  }
  return length
}

/** @param {number | undefined} byte */
const isTail = (byte) => byte !== undefined && (byte & 0xc0) === 0x80

/** Decodes bytes of one character each. @param {string} bytes */
export function decodeBytesFar (bytes) {
  let text = ''
  for (let at = 0; at < bytes.length;) {
    const end = at + PIECE < bytes.length ? findBoundary((i) => stringCharCodeAt(bytes, i), at + PIECE) : bytes.length
    text += ask('decodeBytes', 'null', stringSlice(bytes, at, end)).text
    at = end
  }
  return text
}

/** @param {string} text @returns {Uint8Array} */
export function encodeFar (text) {
  /** @type {Uint8Array[]} */
  const pieces = []
  ReflectSetPrototypeOf(pieces, null)
  let total = 0
  for (let at = 0; at < text.length; at = endOfPiece(text, at)) {
    const piece = uint8ArrayFromBase64(ask('encode', writePiece(text, at), '').text)
    append(pieces, piece)
    total += typedArrayByteLength(piece)
  }
  if (pieces.length === 1) return /** @type {Uint8Array} */ (pieces[0])
  const bytes = new Uint8ArrayConstructor(total)
  for (let i = 0, at = 0; i < pieces.length; i++) {
    const piece = /** @type {Uint8Array} */ (pieces[i])
    typedArraySet(bytes, piece, at)
    at += typedArrayByteLength(piece)
  }
  return bytes
}

/** Encodes to one character for each byte. @param {string} text */
export function encodeBytesFar (text) {
  let bytes = ''
  for (let at = 0; at < text.length; at = endOfPiece(text, at)) bytes += ask('encodeBytes', writePiece(text, at), '').bytes
  return bytes
}

/** @param {string} text @param {number} at */
const writePiece = (text, at) => JSONStringify(stringSlice(text, at, endOfPiece(text, at)))

/** Surrogates of a pair stay together. @param {string} text @param {number} at */
function endOfPiece (text, at) {
  const end = at + PIECE
  if (end >= text.length) return text.length
  const unit = stringCharCodeAt(text, end)
  return unit >= 0xdc00 && unit <= 0xdfff ? end - 1 : end
}

/** @param {string} method @param {string} args @param {string} bytes */
function ask (method, args, bytes) {
  try {
    return askNative('platform:text', method, args, bytes)
  } catch (error) {
    throw new TypeErrorConstructor(/** @type {Error} */ (error).message)
  }
}
