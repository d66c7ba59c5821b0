// @ts-check
import { ENCODINGS } from '../../web/node-library.js'
import { bufferBinding } from './buffer.js'
import { bytesOf } from './views.js'

// Decoding in pieces that may end within a character, as string_decoder.cc does. Its state is seven bytes.

const MISSING = 4
const BUFFERED = 5
const ENCODING = 6

const [ASCII, UTF8, BASE64, UCS2, LATIN1, HEX, , BASE64URL] = [0, 1, 2, 3, 4, 5, 6, 7]

/** @param {Uint8Array} bytes @param {number} encoding */
function makeText (bytes, encoding) {
  switch (encoding) {
    case ASCII: return bufferBinding.asciiSlice(bytes, 0, bytes.length)
    case BASE64: return bufferBinding.base64Slice(bytes, 0, bytes.length)
    case UCS2: return bufferBinding.ucs2Slice(bytes, 0, bytes.length)
    case LATIN1: return bufferBinding.latin1Slice(bytes, 0, bytes.length)
    case HEX: return bufferBinding.hexSlice(bytes, 0, bytes.length)
    case BASE64URL: return bufferBinding.base64urlSlice(bytes, 0, bytes.length)
    default: return bufferBinding.utf8Slice(bytes, 0, bytes.length)
  }
}

/** @param {any} state @param {ArrayBufferView} view */
function decode (state, view) {
  let data = bytesOf(view)
  const encoding = state[ENCODING]
  if (encoding !== UTF8 && encoding !== UCS2 && encoding !== BASE64 && encoding !== BASE64URL) return makeText(data, encoding)
  let before = ''
  if (state[MISSING] > 0) {
    data = data.subarray(takeMissing(state, data))
    if (state[MISSING] === 0) before = finishCharacter(state)
  }
  if (data.length === 0) return before
  holdBack(state, data)
  const whole = data.length - state[BUFFERED]
  if (state[BUFFERED] > 0) state.set(data.subarray(whole), 0)
  return before + makeText(data.subarray(0, whole), encoding)
}

/** Adds to a character that is not whole; answers how many bytes it took. @param {any} state @param {Uint8Array} data */
function takeMissing (state, data) {
  let count = Math.min(state[MISSING], data.length)
  if (state[ENCODING] === UTF8) {
    for (let i = 0; i < count; i++) {
      if ((/** @type {number} */ (data[i]) & 0xc0) === 0x80) continue
      state[MISSING] = count = i // it will never be whole: what is there is decoded
    }
  }
  state.set(data.subarray(0, count), state[BUFFERED])
  state[MISSING] -= count
  state[BUFFERED] += count
  return count
}

/** @param {any} state */
function finishCharacter (state) {
  const text = makeText(state.subarray(0, state[BUFFERED]), state[ENCODING])
  state[BUFFERED] = 0
  return text
}

/** Says how many bytes at the end are of a character that is not whole. @param {any} state @param {Uint8Array} data */
function holdBack (state, data) {
  const { length } = data
  const last = /** @type {number} */ (data[length - 1])
  if (state[MISSING] > 0) return
  if (state[ENCODING] === UTF8) {
    if (last >= 0x80) holdBackUtf8(state, data)
  } else if (state[ENCODING] === UCS2) {
    if (length % 2 === 1) state[MISSING] = state[BUFFERED] = 1
    else if ((last & 0xfc) === 0xd8) state[MISSING] = state[BUFFERED] = 2
  } else {
    state[BUFFERED] = length % 3
    if (state[BUFFERED] > 0) state[MISSING] = 3 - state[BUFFERED]
  }
}

/** @param {any} state @param {Uint8Array} data */
function holdBackUtf8 (state, data) {
  for (let count = 1; count <= 4 && count <= data.length; count++) {
    const byte = /** @type {number} */ (data[data.length - count])
    if ((byte & 0xc0) === 0x80) continue
    const size = (byte & 0xe0) === 0xc0 ? 2 : (byte & 0xf0) === 0xe0 ? 3 : (byte & 0xf8) === 0xf0 ? 4 : 0
    if (count < size) {
      state[BUFFERED] = count
      state[MISSING] = size - count
    }
    return
  }
}

/** @param {any} state */
function flush (state) {
  if (state[ENCODING] === UCS2 && state[BUFFERED] % 2 === 1) {
    state[MISSING]--
    state[BUFFERED]--
  }
  const text = makeText(state.subarray(0, state[BUFFERED]), state[ENCODING])
  state[MISSING] = state[BUFFERED] = 0
  return text
}

export const stringDecoderBinding = {
  encodings: ENCODINGS, kIncompleteCharactersStart: 0, kIncompleteCharactersEnd: 4, kMissingBytes: MISSING, kBufferedBytes: BUFFERED, kEncodingField: ENCODING, kNumFields: 7, kSize: 7, decode, flush,
}
