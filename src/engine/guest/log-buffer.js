// @ts-check
import { DateNow, JSONStringify, MathMax, append, arrayJoin, stringSlice, utf8Length } from './intrinsics.js'

/** A longer message is cut, and says by how much. */
const MESSAGE_CHARS = 65_536
/** So many lines pass to the host one by one, so that none is lost when the run is killed; later ones of the head are gathered. */
const LINES_AT_ONCE = 10_000
const WINDOW_MS = 50
/** Once the head of the budget is full, the newest lines are handed over at this pace: all the host needs to keep a tail. */
const TAIL_EVERY_MS = 250
/** More characters are handed over in several pieces, and no faster than this: a host that is sent more takes it for an attack. */
const POST_CHARS = 500_000
const CHARS_PER_MS = 4000

/**
 * @typedef {{ headLines: number, headBytes: number, tailLines: number, tailBytes: number }} LogBudget
 * @typedef {{ text: string, bytes: number }} Line
 */

/**
 * Gathers log lines inside the isolate and hands them over: as they come while the head of the budget lasts, afterwards the newest
 * ones only, with a count of what was left out before them. So a flood costs the host a bounded number of calls.
 * @param {LogBudget} budget
 * @param {(lines: string, droppedLines: number, droppedBytes: number) => void} post takes elements of a JSON array, comma between them
 */
export function createLogBuffer (budget, post) {
  /** @type {Line[]} */
  let held = []
  let heldBytes = 0
  let heldChars = 0
  let droppedLines = 0
  let droppedBytes = 0
  let lines = 0
  let bytes = 0
  let flushedAt = 0
  let paceMs = WINDOW_MS

  const inHead = () => lines <= budget.headLines && bytes <= budget.headBytes

  /** @param {string} level @param {string} message */
  function write (level, message) {
    const now = DateNow()
    const line = buildLine(now, level, message)
    const wasInHead = inHead()
    lines++
    bytes += line.bytes
    if (wasInHead && !inHead()) flush() // what is held so far belongs to the head
    append(held, line)
    heldBytes += line.bytes
    heldChars += line.text.length
    if (!inHead()) {
      dropOldest()
      if (now - flushedAt >= MathMax(TAIL_EVERY_MS, paceMs)) flush()
    } else if (lines <= LINES_AT_ONCE || heldChars > POST_CHARS || now - flushedAt >= WINDOW_MS) {
      flush()
    }
  }

  /** Keeps what the tail of the budget holds. Half of what is held goes at once, so that dropping stays cheap for each line. */
  function dropOldest () {
    if (held.length <= 2 * budget.tailLines + 2 && heldBytes <= 2 * budget.tailBytes + MESSAGE_CHARS) return
    let from = held.length
    let kept = 0
    while (from > 0 && held.length - from < budget.tailLines && kept + at(from - 1).bytes <= budget.tailBytes) kept += at(--from).bytes
    /** @type {Line[]} */
    const newest = []
    for (let i = from; i < held.length; i++) append(newest, at(i))
    droppedLines += from
    droppedBytes += heldBytes - kept
    held = newest
    heldBytes = kept
    heldChars = 0
    for (let i = 0; i < held.length; i++) heldChars += at(i).text.length
  }

  /** @param {number} index */
  const at = (index) => /** @type {Line} */ (held[index])

  function flush () {
    if (held.length === 0 && droppedLines === 0) return
    flushedAt = DateNow()
    paceMs = heldChars / CHARS_PER_MS
    for (let from = 0; from < held.length || droppedLines > 0;) from = postFrom(from)
    held = []
    heldBytes = heldChars = 0
  }

  /** Hands over as many lines as fit into one piece, and what was dropped before them. @param {number} from */
  function postFrom (from) {
    /** @type {string[]} */
    const texts = []
    let chars = 0
    let to = from
    for (; to < held.length && (to === from || chars + at(to).text.length <= POST_CHARS); to++) {
      append(texts, at(to).text)
      chars += at(to).text.length
    }
    const linesOut = droppedLines
    const bytesOut = droppedBytes
    droppedLines = droppedBytes = 0
    post(arrayJoin(texts, ','), linesOut, bytesOut)
    return to
  }

  return { write, flush }
}

/** @param {number} now @param {string} level @param {string} message @returns {Line} */
function buildLine (now, level, message) {
  const text = message.length <= MESSAGE_CHARS
    ? message
    : `${stringSlice(message, 0, MESSAGE_CHARS)}… ${message.length - MESSAGE_CHARS} more characters`
  return { text: `[${now},"${level}",${JSONStringify(text)}]`, bytes: utf8Length(text) }
}
