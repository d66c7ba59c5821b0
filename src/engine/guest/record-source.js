// @ts-check
import { JSONParse, ObjectCreate, PromiseConstructor, ownValue, safe, stringIndexOf, stringSlice } from './intrinsics.js'
import { KnownFailure } from './errors.js'

/**
 * Records on their way to user code: a queue of texts as the host brings them, each some lines with a newline after each. A line is cut out
 * here and parsed alone, so that no record can be split, or merged with its neighbour, whatever it holds.
 * @param {() => void} onTextEnd called before the first line of another text is taken: the host sends the next one when it hears of that
 */
export function createSource (onTextEnd) {
  /** @type {Record<number, string>} */
  const texts = ObjectCreate(null)
  let first = 0
  let last = 0
  let text = ''
  let at = 0
  let taken = 0
  let ended = false
  /** @type {(() => void) | undefined} */
  let wake
  /** @type {Promise<void> | undefined} */
  let waiting

  /** @param {string} more empty after the last */
  function push (more) {
    if (more === '') ended = true
    else texts[last++] = more
    wake?.()
    wake = waiting = undefined
  }

  /** Takes the next line; undefined where there is none yet, or none any more. @returns {string | undefined} */
  function nextLine () {
    if (at === text.length) {
      text = ''
      at = 0
      if (first === last) return undefined
      onTextEnd()
      text = /** @type {string} */ (texts[first])
      delete texts[first++]
    }
    const end = stringIndexOf(text, '\n', at)
    const line = stringSlice(text, at, end)
    at = end + 1
    taken++
    return line
  }

  /** Resolves when there is more to take, or the end. */
  function more () {
    waiting ??= safe(new PromiseConstructor((/** @type {() => void} */ resolve) => { wake = resolve }))
    return waiting
  }

  return {
    push,
    nextLine,
    more,
    /** Lines that were taken. */
    get taken () { return taken },
    /** Nothing more will come. */
    get isOver () { return ended && at === text.length && first === last },
  }
}

/** Throws a KnownFailure INPUT_MALFORMED for a line that is no JSON. @param {string} line @returns {unknown} */
export function parseRecord (line) {
  try {
    return JSONParse(line)
  } catch (thrown) {
    const why = ownValue(/** @type {object} */ (thrown), 'message')
    throw new KnownFailure('INPUT_MALFORMED', 'SyntaxError', `Cannot read record: ${typeof why === 'string' ? why : 'it is not JSON'}`)
  }
}
