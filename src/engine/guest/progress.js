// @ts-check
import { DateNow, NumberIsFinite, ObjectFreeze, StringConstructor, TypeErrorConstructor, stringSlice } from './intrinsics.js'

const EVERY_MS = 100
const MESSAGE_CHARS = 1024

/**
 * Reports of progress, at most one in 100 ms; the newest that was held back goes with the next flush.
 * @param {(value: number, message: string) => void} post
 */
export function createProgress (post) {
  let lastPost = 0
  let value = 0
  let message = ''
  let held = false

  function flush () {
    if (!held) return
    held = false
    lastPost = DateNow()
    post(value, message)
  }

  /** @param {unknown} newValue @param {unknown} [newMessage] */
  function report (newValue, newMessage = '') {
    if (!NumberIsFinite(newValue)) throw new TypeErrorConstructor('Cannot report progress: the value is not a finite number')
    value = /** @type {number} */ (newValue)
    message = stringSlice(StringConstructor(newMessage), 0, MESSAGE_CHARS)
    held = true
    if (DateNow() - lastPost >= EVERY_MS) flush()
  }

  return { report: ObjectFreeze(report), flush }
}
