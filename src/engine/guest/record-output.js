// @ts-check
import { JSONStringify, ObjectCreate, PromiseConstructor, safe, stringSlice, utf8Length } from './intrinsics.js'
import { KnownFailure, describeThrown } from './errors.js'

/** What is made of records is handed over in pieces of about so many characters. */
const PIECE_CHARS = 131_072
/** Code that makes more than the host has written waits, and what a piece counts for by itself. */
const UNWRITTEN_CHARS = 524_288
const PIECE_WEIGHT = 1024
/** What is kept of an error of a record that is skipped. */
const REJECT_CHARS = { name: 256, message: 1024, stack: 2048 }
const JSON_CHAR_BYTES = 3

/**
 * What code makes of records, on its way to the host: gathered, handed over in pieces, and held back while too much of it is not yet written.
 * @param {{
 *   post: (taken: number, text: string, count: number, rejects: string, state: string | null) => void,
 *   taken: () => number,
 *   maxRecordBytes: number,
 * }} options
 */
export function createOutput ({ post, taken, maxRecordBytes }) {
  let text = ''
  let count = 0
  let rejects = ''
  let told = 0
  /** Weights of the pieces that are not written yet, and what is to be called when one is. @type {Record<number, { weight: number, whenWritten: (() => void) | undefined }>} */
  const pieces = ObjectCreate(null)
  let first = 0
  let last = 0
  let unwritten = 0
  /** @type {(() => void) | undefined} */
  let wake
  /** @type {Promise<void> | undefined} */
  let waiting

  /** Appends a record as JSON. Throws a KnownFailure for one that is too long. @param {string} json */
  function write (json) {
    if (json.length * JSON_CHAR_BYTES > maxRecordBytes) checkBytes(json)
    text += json
    text += '\n'
    count++
    if (text.length >= PIECE_CHARS) flush()
  }

  /** @param {string} json */
  function checkBytes (json) {
    const bytes = utf8Length(json)
    if (bytes > maxRecordBytes) throw new KnownFailure('OUTPUT_TOO_LARGE', 'RangeError', `Cannot write record: it has ${bytes} bytes as JSON, allowed are ${maxRecordBytes}`, bytes)
  }

  /** Tells of a record that code failed for, by its number since the run began. @param {number} record @param {unknown} thrown */
  function reject (record, thrown) {
    const { code, name, message, stack } = describeThrown(thrown, false)
    const { name: nameChars, message: messageChars, stack: stackChars } = REJECT_CHARS
    rejects += `${rejects === '' ? '' : ','}[${record},${JSONStringify(code)},${quote(name, nameChars)},${quote(message, messageChars)},${quote(stack, stackChars)}]`
    if (rejects.length >= PIECE_CHARS) flush()
  }

  /** Hands over what there is, if there is anything to tell. */
  function flush () {
    if (text !== '' || rejects !== '' || taken() !== told) send(null, undefined)
  }

  /** Hands over what there is with a state, and calls back when that is committed. @param {string} state @param {() => void} whenWritten */
  function commit (state, whenWritten) {
    send(state, whenWritten)
  }

  /** @param {string | null} state @param {(() => void) | undefined} whenWritten */
  function send (state, whenWritten) {
    const weight = text.length + rejects.length + PIECE_WEIGHT
    pieces[last++] = { weight, whenWritten }
    unwritten += weight
    told = taken()
    const textOut = text
    const countOut = count
    const rejectsOut = rejects
    text = rejects = ''
    count = 0
    post(told, textOut, countOut, rejectsOut, state)
  }

  /** The host has written the oldest piece. */
  function written () {
    const piece = pieces[first]
    if (piece === undefined) return
    delete pieces[first++]
    unwritten -= piece.weight
    piece.whenWritten?.()
    if (unwritten >= UNWRITTEN_CHARS) return
    wake?.()
    wake = waiting = undefined
  }

  /** Resolves when code may go on. */
  function room () {
    waiting ??= safe(new PromiseConstructor((/** @type {() => void} */ resolve) => { wake = resolve }))
    return waiting
  }

  return {
    write,
    reject,
    flush,
    commit,
    written,
    room,
    /** Code has to wait. */
    get isFull () { return unwritten >= UNWRITTEN_CHARS },
  }
}

/** @param {string} text @param {number} chars */
function quote (text, chars) {
  return JSONStringify(text.length <= chars ? text : `${stringSlice(text, 0, chars - 1)}…`)
}
