// @ts-check
import { stringIncludes, stringIndexOf, stringSlice } from './intrinsics.js'

/** Of a stack that is looked at. */
const STACK_CHARS = 10_000

/** Answers the stack of an error, where that is a text. @param {object} error @returns {string | undefined} */
export function readStack (error) {
  const { stack } = /** @type {Record<string, unknown>} */ (error)
  return typeof stack === 'string' ? stack : undefined
}

/** Leaves of a stack what is the user's own. @param {string} stack */
export function withoutGuestFrames (stack) {
  let kept = ''
  for (let at = 0; at < stack.length;) {
    const next = stringIndexOf(stack, '\n', at)
    const end = next < 0 ? stack.length : next
    const line = stringSlice(stack, at, end)
    if (!stringIncludes(line, 'batchbox:guest:') && !stringIncludes(line, '<isolated-vm>:')) kept += kept === '' ? line : `\n${line}`
    if (kept.length > STACK_CHARS) break
    at = end + 1
  }
  return kept
}
