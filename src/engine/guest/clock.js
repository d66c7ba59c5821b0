// @ts-check
import { DateNow } from './intrinsics.js'

/** Milliseconds, with parts of one if the host has a clock for this run. */
let read = DateNow
let timeOrigin = 0
let origin = 0
let last = 0

/**
 * Starts the clock of this run, which never goes back. Without one of the host's it is as fine as `Date`: a millisecond. Source: W3C High
 * Resolution Time, which leaves the resolution to the implementation.
 * @param {(() => number) | undefined} readHost milliseconds, with parts of one
 */
export function startClock (readHost) {
  if (readHost !== undefined) read = readHost
  timeOrigin = DateNow()
  origin = read()
}

/** Milliseconds since the clock was started. */
export function now () {
  const passed = read() - origin
  if (passed > last) last = passed
  return last
}

/** When the clock was started, in milliseconds since the epoch. */
export const readTimeOrigin = () => timeOrigin
