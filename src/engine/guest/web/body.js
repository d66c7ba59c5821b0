// @ts-check
import { JSONParse, ReflectOwnKeys, TypeErrorConstructor, Uint8ArrayConstructor, defineValue, safe } from '../intrinsics.js'
import { bytesToText, isBufferSource, textToBuffer, viewBytes } from '../bytes.js'
import { markNative } from '../native-code.js'
import { peekUnit, useUnit } from '../units.js'
import { isObject, toScalarText } from '../webidl.js'
import { extractMimeType, serializeMimeType } from './mime-type.js'
import { decodeUtf8, encodeUtf8 } from './utf8.js'

export { parseMimeType, serializeMimeType } from './mime-type.js'
export { decodePercent } from './percent-decode.js'

/** @typedef {import('./streams.js').Source} Source @typedef {import('./headers.js').HeaderList} HeaderList */

/** Streams are there when somebody has one, or asks for one. @returns {typeof import('./streams.js')} */
const streams = () => useUnit('streams')

/**
 * The body of a request or a response. Bytes are strings of one character each until user code asks for something else; a stream is made
 * when user code asks for it. Source: https://fetch.spec.whatwg.org/#bodies
 */
export class Body {
  /** All of it, where it is known. @type {string | null} */
  #bytes
  /** @type {Source | null} */
  #source
  /** @type {unknown} */
  #stream
  #isUsed = false

  /** One of the three, and null for the others. @param {string | null} bytes @param {Source | null} source @param {unknown} stream */
  constructor (bytes, source, stream) {
    this.#bytes = bytes
    this.#source = source
    this.#stream = stream
  }

  /** All of it, if it can be sent again as often as anybody likes. */
  get bytes () { return this.#bytes }

  get isUsed () { return this.#isUsed || (this.#stream !== null && streams().isDisturbed(this.#stream)) }

  get isUnusable () { return this.isUsed || (this.#stream !== null && streams().isLocked(this.#stream)) }

  get stream () {
    this.#stream ??= this.#isUsed ? streams().buildSpentStream() : streams().buildStream(this.#open())
    return this.#stream
  }

  /** Takes the content over: this body is used from then on. */
  take () {
    const taken = this.#stream === null ? new Body(this.#bytes, this.#source, null) : new Body(null, streams().readStream(this.#stream), null)
    this.#isUsed = true
    return taken
  }

  /** Makes another body of the same content. This one must be usable. */
  clone () {
    if (this.#stream === null && this.#bytes !== null) return new Body(this.#bytes, null, null)
    const branches = streams().tee(this.stream)
    this.#stream = branches[0]
    this.#bytes = null // a stream that user code may hold decides now
    this.#source = null
    return new Body(null, null, branches[1])
  }

  /** Reads it part by part; it is used from then on. @returns {Source} */
  open () {
    const source = this.#stream === null ? this.#open() : streams().readStream(this.#stream)
    this.#isUsed = true
    return source
  }

  /** All of it; it is used from then on. */
  async readAll () {
    if (this.#stream === null && this.#bytes !== null) {
      this.#isUsed = true
      return this.#bytes
    }
    const source = this.open()
    let bytes = ''
    for (;;) {
      const part = await safe(source.read())
      if (part === null) return bytes
      bytes += part
    }
  }

  /** @returns {Source} */
  #open () {
    if (this.#source !== null) return this.#source
    let rest = this.#bytes
    return {
      async read () {
        const part = rest
        rest = null
        return part
      },
      cancel () { rest = null },
      watch: null,
    }
  }
}

/**
 * What user code gave as a body. `extract` makes the body, and the type that it has if nobody says another: a buffer is read then, and not before.
 * @typedef {() => { body: Body, type: string | null }} Content
 */

/**
 * BodyInit. Of units that nobody has loaded nobody has an object. Sources: https://fetch.spec.whatwg.org/#bodyinit-unions and #bodyinit-safely-extract
 * @param {unknown} init @returns {Content}
 */
export function readBodyInit (init) {
  if (!isObject(init)) return readText(init)
  if (peekUnit('streams')?.isStream(init)) {
    return () => {
      if (streams().isLocked(init) || streams().isDisturbed(init)) throw new TypeErrorConstructor('Cannot use stream as a body: somebody reads it or did')
      return { body: new Body(null, null, init), type: null }
    }
  }
  const blobs = peekUnit('blob')
  if (blobs?.isBlob(init)) {
    return () => {
      const { bytes, type } = blobs.contentOf(init)
      return extracted(bytes, type === '' ? null : type)
    }
  }
  if (isBufferSource(init)) return () => extracted(bytesToText(viewBytes(init)), null)
  const forms = peekUnit('form-data')
  if (forms?.isFormData(init)) {
    return () => {
      const { bytes, type } = multipart().encodeMultipart(forms.entriesOf(init))
      return extracted(bytes, type)
    }
  }
  const urls = peekUnit('url')
  if (urls?.isSearchParams(init)) return () => extracted(encodeUtf8(urls.serializeSearchParams(init)), 'application/x-www-form-urlencoded;charset=UTF-8')
  return readText(init)
}

/** @param {unknown} value @returns {Content} */
function readText (value) {
  const text = toScalarText(value)
  return () => extracted(encodeUtf8(text), 'text/plain;charset=UTF-8')
}

/** @param {string} bytes @param {string | null} type */
const extracted = (bytes, type) => ({ body: new Body(bytes, null, null), type })

/** @returns {typeof import('./multipart.js')} */
const multipart = () => useUnit('multipart')

/** All bytes of the body of a request or a response. Rejects for one that somebody uses. @param {Body | null} body */
async function readBody (body) {
  if (body === null) return ''
  if (body.isUnusable) throw new TypeErrorConstructor('Cannot read body: somebody reads it or did')
  return await safe(body.readAll())
}

/**
 * Gives an interface the methods that read its body. Source: https://fetch.spec.whatwg.org/#body-mixin
 * @template T
 * @param {{ prototype: T }} constructor
 * @param {(self: any) => { body: Body | null, list: HeaderList }} partsOf throws a TypeError for what is no such object
 */
export function defineBodyMethods ({ prototype }, partsOf) {
  /** @type {(self: any) => Promise<string>} */
  const read = (self) => safe(readBody(partsOf(self).body))
  const methods = {
    async arrayBuffer () { return textToBuffer(await read(this)) },
    async blob () {
      const type = typeOf(partsOf(this).list)
      const bytes = await read(this)
      return /** @type {typeof import('./blob.js')} */ (useUnit('blob')).buildBlob(bytes, type === null ? '' : serializeMimeType(type))
    },
    async bytes () { return new Uint8ArrayConstructor(textToBuffer(await read(this))) },
    async formData () {
      const type = typeOf(partsOf(this).list)
      const bytes = await read(this)
      return multipart().parseForm(bytes, type)
    },
    async json () { return JSONParse(decodeUtf8(await read(this))) },
    async text () { return decodeUtf8(await read(this)) },
  }
  const names = ReflectOwnKeys(methods)
  for (let i = 0; i < names.length; i++) {
    const method = /** @type {any} */ (methods)[/** @type {string} */ (names[i])]
    defineValue(/** @type {any} */ (prototype), /** @type {string} */ (names[i]), method)
    markNative(method)
  }
}

/** @param {HeaderList} list */
const typeOf = (list) => extractMimeType(list.get('content-type'))
