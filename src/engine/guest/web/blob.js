// @ts-check
import {
  DateNow, MathTrunc, ObjectCreate, SymbolFor, SymbolIterator, Uint8ArrayConstructor, WeakMapConstructor, defineHidden, regExpExec,
  stringReplaceAll, stringSlice, stringToLowerCase, weakMapGet, weakMapSet,
} from '../intrinsics.js'
import { bytesToText, isBufferSource, textToBuffer, viewBytes } from '../bytes.js'
import { registerSerializable } from '../serializable.js'
import { useUnit } from '../units.js'
import { buildWords, inheritInterface, isObject, iterate, shapeInterface, toDictionary, toScalarText, toText } from '../webidl.js'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

export { createObjectURL, findBlob, resolveObjectURL, revokeObjectURL } from './blob-url.js'

/**
 * What a blob is: bytes as a string of one character each, which slices share and nobody can change.
 * @typedef {{ bytes: string, type: string }} Content
 * @typedef {{ name: string, lastModified: number }} FileFacts
 */

/** @type {WeakMap<object, Content>} */
const contents = new WeakMapConstructor()
/** @type {WeakMap<object, FileFacts>} */
const files = new WeakMapConstructor()

const ENDINGS = buildWords(['native', 'transparent'])
const NO_TYPE = /[^\x20-\x7e]/
/** Bytes of one chunk of a stream. */
const CHUNK_BYTES = 65_536

/** Source: https://w3c.github.io/FileAPI/#blob-section */
export class Blob {
  /** @param {unknown} [parts] @param {unknown} [options] */
  constructor (parts = undefined, options = undefined) {
    const list = parts === undefined ? null : readParts(parts)
    const { endings, type } = readOptions(options)
    weakMapSet(contents, this, buildContent(list === null ? '' : joinParts(list, endings), type))
  }

  get size () { return contentOf(this).bytes.length }
  get type () { return contentOf(this).type }

  /** @param {unknown} [start] @param {unknown} [end] @param {unknown} [contentType] */
  slice (start = undefined, end = undefined, contentType = undefined) {
    const { bytes } = contentOf(this)
    const from = start === undefined ? 0 : toClamped(start, 'start')
    const to = end === undefined ? bytes.length : toClamped(end, 'end')
    return buildBlob(stringSlice(bytes, from, to), contentType === undefined ? '' : normalizeType(toText(contentType)))
  }

  stream () {
    const { bytes } = contentOf(this)
    const { buildStream } = /** @type {typeof import('./streams.js')} */ (useUnit('streams'))
    return buildStream(buildSource(bytes))
  }

  /** Source: https://w3c.github.io/FileAPI/#dom-blob-textstream */
  textStream () {
    return this.stream().pipeThrough(new (useUnit('text-streams').TextDecoderStream)())
  }

  async arrayBuffer () { return textToBuffer(contentOf(this).bytes) }
  async bytes () { return new Uint8ArrayConstructor(textToBuffer(contentOf(this).bytes)) }
  async text () { return decodeUtf8(contentOf(this).bytes) }
}
shapeInterface(Blob, 'Blob', ['size', 'type', 'slice', 'stream', 'textStream', 'text', 'arrayBuffer', 'bytes'])
showAs(Blob, 'Blob', (blob) => ({ size: blob.size, type: blob.type }))

/**
 * Extends Blob, but not by `extends`, which would have `new` ask user code for the constructor to call.
 * Source: https://w3c.github.io/FileAPI/#file-section
 */
export class File {
  /** @param {unknown} parts @param {unknown} name @param {unknown} [options] */
  constructor (parts, name, options = undefined) {
    if (arguments.length < 2) throw useUnit('node-errors').buildMissing('fileBits', 'fileName')
    const list = readParts(parts)
    const text = toScalarText(name)
    const { endings, type, given } = readOptions(options)
    const lastModified = given['lastModified']
    weakMapSet(files, this, buildFacts(text, lastModified === undefined ? DateNow() : toLongLong(lastModified)))
    weakMapSet(contents, this, buildContent(joinParts(list, endings), type))
  }

  get name () { return factsOf(this).name }
  get lastModified () { return factsOf(this).lastModified }
}
inheritInterface(File, Blob)
shapeInterface(File, 'File', ['name', 'lastModified'])
showAs(File, 'File', (file) => ({ size: contentOf(file).bytes.length, type: contentOf(file).type, name: file.name, lastModified: file.lastModified }))

/** Plays what most code does with blobs, for V8 to have it compiled. */
export function rehearse () {
  const blob = new Blob(['x', new Uint8ArrayConstructor(1), new File(['y'], 'name')], { type: 'text/plain' })
  void blob.slice(1).text()
  void blob.arrayBuffer()
  return blob.size
}

/** @param {unknown} value @returns {value is Blob} */
export const isBlob = (value) => isObject(value) && weakMapGet(contents, value) !== undefined

/** @param {unknown} value @returns {value is File} */
export const isFile = (value) => isObject(value) && weakMapGet(files, value) !== undefined

/** Throws a TypeError for what is no Blob. @param {unknown} value @returns {Content} without a prototype */
export function contentOf (value) {
  const content = isObject(value) ? weakMapGet(contents, value) : undefined
  if (content === undefined) throw useUnit('node-errors').buildInvalidThis('Blob')
  return content
}

/** Throws a TypeError for what is no File. @param {unknown} value @returns {FileFacts} without a prototype */
export function factsOf (value) {
  const facts = isObject(value) ? weakMapGet(files, value) : undefined
  if (facts === undefined) throw useUnit('node-errors').buildInvalidThis('File')
  return facts
}

/** @param {string} bytes one character each @param {string} type as it is to be @returns {Blob} */
export function buildBlob (bytes, type) {
  const blob = ObjectCreate(Blob.prototype) // calls nothing that user code could have changed
  weakMapSet(contents, blob, buildContent(bytes, type))
  return blob
}

/** @param {string} name @param {Content} content @param {number} [lastModified] now, unless it is given @returns {File} */
export function buildFile (name, { bytes, type }, lastModified = DateNow()) {
  const file = ObjectCreate(File.prototype)
  weakMapSet(contents, file, buildContent(bytes, type))
  weakMapSet(files, file, buildFacts(name, lastModified))
  return file
}

registerSerializable({
  is: isBlob,
  /** @param {Blob} blob */
  clone: (blob) => isFile(blob) ? buildFile(factsOf(blob).name, contentOf(blob), factsOf(blob).lastModified) : buildBlob(contentOf(blob).bytes, contentOf(blob).type),
})

/** Reads bytes in chunks. @param {string} bytes @returns {import('./streams.js').Source} */
function buildSource (bytes) {
  let at = 0
  return {
    async read () {
      if (at >= bytes.length) return null
      const from = at
      at += CHUNK_BYTES
      return stringSlice(bytes, from, at)
    },
    cancel () { at = bytes.length },
    watch: null,
  }
}

/** @param {string} bytes @param {string} type @returns {Content} */
const buildContent = (bytes, type) => /** @type {any} */ ({ __proto__: null, bytes, type })

/** @param {string} name @param {number} lastModified @returns {FileFacts} */
const buildFacts = (name, lastModified) => /** @type {any} */ ({ __proto__: null, name, lastModified })

/** Buffers are read when all else is converted: what user code does to them until then counts. @param {unknown} parts */
function readParts (parts) {
  const method = isObject(parts) ? parts[SymbolIterator] : undefined
  if (typeof method !== 'function') throw buildCoded('ERR_INVALID_ARG_TYPE', 'Value cannot be converted to sequence.')
  let count = 0
  return iterate(parts, method, (part) => {
    const at = count++
    if (isBufferSource(part) || isBlob(part)) return part
    if (typeof part === 'symbol') throw buildCoded('ERR_INVALID_ARG_TYPE', `Value[${at}] is a Symbol and cannot be converted to a string.`)
    return toScalarText(part)
  })
}

/** Members in the order of Web IDL; those that only a file has come after them. @param {unknown} options */
function readOptions (options) {
  if (options !== undefined && options !== null && !isObject(options)) useUnit('node-library').loadLibrary('internal/validators').validateDictionary(options, 'options')
  const given = toDictionary(options, 'The options of a blob')
  const { endings } = given
  const word = endings === undefined ? 'transparent' : toText(endings)
  if (!(word in ENDINGS)) throw useUnit('node-errors').buildInvalidValue('options.endings', word)
  const { type } = given
  return { endings: word, type: type === undefined ? '' : normalizeType(toText(type)), given }
}

/** What Node throws, in its words. @param {string} code @param {string} message */
const buildCoded = (code, message) => useUnit('node-errors').buildCoded(code, message)

/**
 * Has Node's `inspect` show what an object holds.
 * @template {object} T
 * @param {Function & { prototype: T }} constructor @param {string} name @param {(value: T) => object} read
 */
function showAs (constructor, name, read) {
  defineHidden(constructor.prototype, SymbolFor('nodejs.util.inspect.custom'), {
    /** @param {number} depth @param {any} options @param {(value: object, options: object) => string} inspect @this {T} */
    inspect (depth, options, inspect) {
      if (depth < 0) return options.stylize(`[${name}]`, 'special')
      return `${name} ${inspect(read(this), { ...options, depth: options.depth == null ? null : options.depth - 1 })}`
    },
  }.inspect)
}

/** Source: https://w3c.github.io/FileAPI/#constructorBlob @param {string} type */
export function normalizeType (type) {
  return regExpExec(NO_TYPE, type) === null ? stringToLowerCase(type) : ''
}

/** Source: https://w3c.github.io/FileAPI/#process-blob-parts @param {(string | Blob | import('../bytes.js').BufferSource)[]} parts @param {string} endings */
function joinParts (parts, endings) {
  let bytes = ''
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]
    if (typeof part === 'string') bytes += encodeUtf8(endings === 'native' ? nativeEndings(part) : part)
    else bytes += isBlob(part) ? contentOf(part).bytes : bytesToText(viewBytes(/** @type {ArrayBuffer} */ (part)))
  }
  return bytes
}

/** Source: https://w3c.github.io/FileAPI/#convert-line-endings-to-native @param {string} text */
function nativeEndings (text) {
  return stringReplaceAll(stringReplaceAll(text, '\r\n', '\n'), '\r', '\n')
}

/** `long long` with [Clamp]; positions beyond 2^53 are beyond every blob. @param {any} value @param {string} what */
function toClamped (value, what) {
  if (typeof value === 'bigint' || typeof value === 'symbol') throw buildCoded('ERR_INVALID_ARG_TYPE', `${what} is a ${typeof value === 'bigint' ? 'BigInt' : 'Symbol'} and cannot be converted to a number.`)
  const number = +value
  if (number !== number) return 0
  const below = MathTrunc(number)
  const rest = number - below
  if (rest > 0.5 || (rest === 0.5 && below % 2 !== 0)) return below + 1
  if (rest < -0.5 || (rest === -0.5 && below % 2 !== 0)) return below - 1
  return below
}

/** `long long`, which wraps around. @param {any} value */
function toLongLong (value) {
  const number = +value
  if (number !== number || number === Infinity || number === -Infinity) return 0
  const wrapped = MathTrunc(number) % 2 ** 64
  return (wrapped >= 2 ** 63 ? wrapped - 2 ** 64 : wrapped < -(2 ** 63) ? wrapped + 2 ** 64 : wrapped) + 0
}
