// @ts-check
import { DateNow, ObjectFreeze, ReflectDefineProperty } from './intrinsics.js'

/**
 * Gives user code `performance.now()` and `performance.timeOrigin`, which never go back. Without a clock of the host's, they are as fine as `Date`: a
 * millisecond. Source: W3C High Resolution Time, which leaves the resolution to the implementation.
 * @param {(() => number) | undefined} readClock milliseconds, with parts of one
 */
export function installPerformance (readClock) {
  const timeOrigin = DateNow()
  const origin = readClock === undefined ? timeOrigin : readClock()
  let last = 0

  function now () {
    const passed = (readClock === undefined ? DateNow() : readClock()) - origin
    if (passed > last) last = passed
    return last
  }

  const value = ObjectFreeze({ now: ObjectFreeze(now), timeOrigin })
  ReflectDefineProperty(globalThis, 'performance', /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: true, configurable: true }))
}
