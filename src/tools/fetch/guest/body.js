// @ts-check
import { TypeErrorConstructor, safe } from '../../../engine/guest/intrinsics.js'
import { bytesToText, isBufferSource, viewBytes } from '../../../engine/guest/bytes.js'
import { toScalarText } from '../../../engine/guest/webidl.js'
import { buildSpentStream, buildStream, isDisturbed, isLocked, isStream, readStream, tee } from '../../../engine/guest/web/streams.js'
import { encodeUtf8 } from '../../../engine/guest/web/utf8.js'

/** @typedef {import('../../../engine/guest/web/streams.js').Source} Source */

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

  get isUsed () { return this.#isUsed || (this.#stream !== null && isDisturbed(this.#stream)) }

  get isUnusable () { return this.isUsed || (this.#stream !== null && isLocked(this.#stream)) }

  get stream () {
    this.#stream ??= this.#isUsed ? buildSpentStream() : buildStream(this.#open())
    return this.#stream
  }

  /** Takes the content over: this body is used from then on. */
  take () {
    const taken = this.#stream === null ? new Body(this.#bytes, this.#source, null) : new Body(null, readStream(this.#stream), null)
    this.#isUsed = true
    return taken
  }

  /** Makes another body of the same content. This one must be usable. */
  clone () {
    if (this.#stream === null && this.#bytes !== null) return new Body(this.#bytes, null, null)
    const branches = tee(this.stream)
    this.#stream = branches[0]
    this.#bytes = null // a stream that user code may hold decides now
    this.#source = null
    return new Body(null, null, branches[1])
  }

  /** Reads it part by part; it is used from then on. @returns {Source} */
  open () {
    const source = this.#stream === null ? this.#open() : readStream(this.#stream)
    this.#isUsed = true
    return source
  }

  /** All of it; it is used from then on. */
  async readAll () {
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
 * BodyInit: answers the body, and the type that it has if nobody says another.
 * Source: https://fetch.spec.whatwg.org/#bodyinit-unions
 * @param {unknown} init
 */
export function readBodyInit (init) {
  if (isStream(init)) {
    return {
      type: null,
      build () {
        if (isLocked(init) || isDisturbed(init)) throw new TypeErrorConstructor('Cannot use stream as a body: somebody reads it or did')
        return new Body(null, null, init)
      },
    }
  }
  const bytes = isBufferSource(init) ? bytesToText(viewBytes(init)) : undefined
  const body = new Body(bytes ?? encodeUtf8(toScalarText(init)), null, null)
  return { type: bytes === undefined ? 'text/plain;charset=UTF-8' : null, build: () => body }
}

/** All bytes of the body of a request or a response. Rejects for one that somebody uses. @param {Body | null} body */
export async function readBody (body) {
  if (body === null) return ''
  if (body.isUnusable) throw new TypeErrorConstructor('Cannot read body: somebody reads it or did')
  return await safe(body.readAll())
}
