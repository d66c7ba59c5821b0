// @ts-check
import {
  JSONParse, JSONStringify, PromiseConstructor, TypeErrorConstructor, Uint8ArrayConstructor, append, safe, stringCharCodeAt, stringIndexOf, stringSlice,
  typedArrayBuffer, typedArrayByteLength, typedArrayByteOffset,
} from '../../engine/guest/intrinsics.js'
import { bytesToText, fillBytes, isBufferSource, textToBuffer, viewBytes } from '../../engine/guest/bytes.js'

/** Characters of text in one call: as JSON they may be six times as many. */
const PART_CHARS = 131_072
/** Bytes in one call. */
const PART_BYTES = 1_048_576

/**
 * What user code sees as `files`. Arguments are checked by the other half.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 * @param {any} config
 */
export default function createFiles (host, { chunkBytes }) {
  /** @param {string} method @param {object} args without a prototype: JSON would look for toJSON there @param {string} [bytes] */
  const call = (method, args, bytes) => host.call(method, JSONStringify(args), bytes)

  /** Writes follow one another: what one call writes in parts is not mixed with what another does. @type {Promise<void>} */
  let last = safe(new PromiseConstructor((/** @type {(value?: undefined) => void} */ resolve) => resolve()))

  /** @param {unknown} name @param {unknown} content @param {{ type: unknown, append: boolean }} how */
  async function write (name, content, { type, append }) {
    const { parts, type: usual } = cut(content)
    const before = last
    /** @type {(value?: undefined) => void} */
    let done = () => {}
    last = safe(new PromiseConstructor((/** @type {(value?: undefined) => void} */ resolve) => { done = resolve }))
    await before
    try {
      for (let i = 0; i < parts.length; i++) {
        const { text, bytes } = /** @type {Part} */ (parts[i])
        await call('write', { __proto__: null, name, type: type === undefined ? usual : type, append: append || i > 0, text }, bytes)
      }
    } finally {
      done()
    }
  }

  /**
   * Goes through the content part by part; whoever leaves off early closes it.
   * @param {unknown} name @param {boolean} isText @param {{ decode?: unknown } | undefined} options
   * @returns {AsyncGenerator<import('../../engine/guest/tools.js').Answer, void, void>}
   */
  async function * parts (name, isText, options) {
    const opened = await call('open', { __proto__: null, name, text: isText, decode: options === undefined ? undefined : options.decode })
    const stream = JSONParse(opened.text)
    let isOver = false
    try {
      for (;;) {
        const answer = await call('next', { __proto__: null, stream })
        isOver = answer.text === 'null'
        if (isOver) return
        yield answer
      }
    } finally {
      if (!isOver) await call('close', { __proto__: null, stream })
    }
  }

  /** All that a stream has, which is as long as it is. @param {unknown} name @param {{ decode?: unknown } | undefined} options */
  async function readAll (name, options) {
    let text = ''
    for await (const part of parts(name, false, options)) text += part.bytes
    return new Uint8ArrayConstructor(textToBuffer(text))
  }

  /** @param {unknown} name @param {{ decode?: unknown }} [options] */
  async function readText (name, options) {
    let text = ''
    for await (const part of parts(name, true, options)) text += JSONParse(part.text)
    return text
  }

  return {
    /** Resolves to files that the run may read or has written, and where to go on. @param {{ cursor?: unknown, limit?: unknown }} [options] */
    async list (options) {
      const { cursor, limit } = options === undefined ? { cursor: undefined, limit: undefined } : options
      const answer = await call('list', { __proto__: null, cursor: cursor === null ? undefined : cursor, limit })
      return JSONParse(answer.text)
    },

    /** Resolves to what is known of a file; undefined where there is none. @param {unknown} name */
    async stat (name) {
      const answer = await call('stat', { __proto__: null, name })
      const facts = JSONParse(answer.text)
      return facts === null ? undefined : facts
    },

    readText,

    /** @param {unknown} name @param {{ decode?: unknown }} [options] */
    async readJson (name, options) {
      const text = await safe(readText(name, options))
      return JSONParse(text)
    },

    /**
     * Resolves to a Uint8Array of a part of the file, or of all of it.
     * @param {unknown} name @param {{ start?: unknown, end?: unknown, decode?: unknown }} [options]
     */
    async readBytes (name, options) {
      const { start, end, decode } = options === undefined ? { start: undefined, end: undefined, decode: undefined } : options
      const opened = await call('range', { __proto__: null, name, start, end, decode })
      const range = JSONParse(opened.text)
      if (range === null) return await safe(readAll(name, options))
      const bytes = new Uint8ArrayConstructor(range.end - range.start)
      for (let at = range.start; at < range.end; at += chunkBytes) {
        const part = await call('read', { __proto__: null, name, start: at, end: at + chunkBytes < range.end ? at + chunkBytes : range.end })
        fillBytes(new Uint8ArrayConstructor(bytes.buffer, at - range.start, part.bytes.length), part.bytes)
      }
      return bytes
    },

    /** The lines of a text, without their ends. @param {unknown} name @param {{ decode?: unknown }} [options] */
    async * lines (name, options) {
      let rest = ''
      for await (const { text: json } of parts(name, true, options)) {
        const text = JSONParse(json)
        let from = 0
        for (let at = stringIndexOf(text, '\n'); at >= 0; at = stringIndexOf(text, '\n', from)) {
          const line = rest + stringSlice(text, from, at)
          yield withoutReturn(line)
          rest = ''
          from = at + 1
        }
        rest += stringSlice(text, from)
      }
      if (rest !== '') yield withoutReturn(rest)
    },

    /** The content, a Uint8Array at a time. @param {unknown} name @param {{ decode?: unknown }} [options] */
    async * chunks (name, options) {
      for await (const { bytes } of parts(name, false, options)) yield new Uint8ArrayConstructor(textToBuffer(bytes))
    },

    /**
     * Makes a file of the job: a text, bytes, or what JSON says of any other value. One that the run wrote before is replaced.
     * @param {unknown} name @param {unknown} content @param {{ type?: unknown }} [options]
     */
    write: (name, content, options) => write(name, content, { type: options === undefined ? undefined : options.type, append: false }),

    /** The same, behind what the run wrote to the file before. @param {unknown} name @param {unknown} content @param {{ type?: unknown }} [options] */
    append: (name, content, options) => write(name, content, { type: options === undefined ? undefined : options.type, append: true }),
  }
}

/**
 * The content as one call after another takes it; what user code does to it afterwards is not written.
 * @typedef {{ text: string | undefined, bytes: string }} Part
 * @param {unknown} content @returns {{ parts: Part[], type: string }}
 */
function cut (content) {
  if (isBufferSource(content)) return { parts: cutBytes(viewBytes(content)), type: 'application/octet-stream' }
  if (typeof content === 'string') return { parts: cutText(content), type: 'text/plain; charset=utf-8' }
  const json = JSONStringify(content)
  if (typeof json !== 'string') throw new TypeErrorConstructor('Cannot write the file: the content is no text, no bytes, and has no JSON form')
  return { parts: cutText(json), type: 'application/json' }
}

/** An empty content is a part, too. @param {Uint8Array} bytes @returns {Part[]} */
function cutBytes (bytes) {
  const length = typedArrayByteLength(bytes)
  /** @type {Part[]} */
  const parts = []
  for (let at = 0; at === 0 || at < length; at += PART_BYTES) {
    const view = new Uint8ArrayConstructor(typedArrayBuffer(bytes), typedArrayByteOffset(bytes) + at, length - at < PART_BYTES ? length - at : PART_BYTES)
    append(parts, { text: undefined, bytes: bytesToText(view) })
  }
  return parts
}

/** Never between the halves of a character. @param {string} text @returns {Part[]} */
function cutText (text) {
  /** @type {Part[]} */
  const parts = []
  for (let at = 0; at === 0 || at < text.length;) {
    let end = at + PART_CHARS
    if (end < text.length && isLeading(stringCharCodeAt(text, end - 1))) end--
    append(parts, { text: stringSlice(text, at, end), bytes: '' })
    at = end
  }
  return parts
}

/** @param {number} unit */
function isLeading (unit) {
  return unit >= 0xd800 && unit < 0xdc00
}

/** @param {string} line */
function withoutReturn (line) {
  return stringCharCodeAt(line, line.length - 1) === 0x0d ? stringSlice(line, 0, -1) : line
}
