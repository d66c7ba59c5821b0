// @ts-check
import { DateNow, JSONStringify, append, arrayJoin, stringSlice, utf8Length } from './intrinsics.js'

/** A longer message is cut, and says by how much. */
const MESSAGE_CHARS = 65_536
/** Lines pass to the host one by one at first, so that each is seen at once; past this many in a window they are gathered. */
const WINDOW_MS = 50
const LINES_AT_ONCE = 32
/** Once the head of the budget is full, the newest lines are handed over at this pace: all the host needs to keep a tail. */
const TAIL_EVERY_MS = 250

/**
 * @typedef {{ headLines: number, headBytes: number, tailLines: number, tailBytes: number }} LogBudget
 * @typedef {{ text: string, bytes: number }} Line
 */

/**
 * Gathers log lines inside the isolate and hands them over in batches: as they come while the head of the budget lasts, afterwards
 * the newest ones only, with a count of what was left out. So a flood costs the host a bounded number of calls.
 * @param {LogBudget} budget
 * @param {(lines: string, droppedLines: number, droppedBytes: number) => void} post
 */
export function createLogBuffer (budget, post) {
  /** @type {Line[]} */
  let held = []
  let heldBytes = 0
  let droppedLines = 0
  let droppedBytes = 0
  let lines = 0
  let bytes = 0
  let windowStart = 0
  let linesInWindow = 0

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
    if (!inHead()) dropOldest()
    if (now - windowStart >= (inHead() ? WINDOW_MS : TAIL_EVERY_MS)) {
      windowStart = now
      linesInWindow = 0
      flush()
    } else if (inHead() && linesInWindow++ < LINES_AT_ONCE) {
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
  }

  /** @param {number} index */
  const at = (index) => /** @type {Line} */ (held[index])

  function flush () {
    if (held.length === 0 && droppedLines === 0) return
    /** @type {string[]} */
    const texts = []
    for (let i = 0; i < held.length; i++) append(texts, at(i).text)
    const linesOut = droppedLines
    const bytesOut = droppedBytes
    held = []
    heldBytes = droppedLines = droppedBytes = 0
    post(`[${arrayJoin(texts, ',')}]`, linesOut, bytesOut)
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
