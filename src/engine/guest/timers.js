// @ts-check
import { DateNow, MathMax, ObjectCreate, ReflectApply, TypeErrorConstructor, defineValue } from './intrinsics.js'
import { KnownFailure } from './errors.js'

/** The HTML Standard's longest delay; a longer one is taken for 1 ms, as browsers and Node do. */
const DELAY_MAX_MS = 2_147_483_647
/** So often the host is asked between two wakes; every call costs it time, and code can start ever earlier timers without an end. */
const ASKS_MAX = 100

/**
 * @typedef {{ id: number, due: number, order: number, every: number | undefined, callback: Function, args: unknown[] }} Timer
 */

/**
 * Timers of one run. They are kept here, in order; the host is only asked to wake the isolate for the first one, so it holds one timer
 * whatever user code starts. Each wake runs one callback, so that microtasks run between two of them.
 * @param {{ max: number, wake: (delayMs: number) => void, fail: (failure: unknown) => void }} options
 */
export function createTimers ({ max, wake, fail }) {
  /** @type {Record<number, Timer>} */
  const pending = ObjectCreate(null)
  let count = 0
  let lastId = 0
  let order = 0
  let wakeAt = Infinity
  let asks = 0

  /** @param {unknown} callback @param {unknown} delay @param {unknown[]} args @param {boolean} repeat */
  function start (callback, delay, args, repeat) {
    if (typeof callback !== 'function') throw new TypeErrorConstructor('Cannot start timer: the callback is not a function')
    if (count >= max) {
      fail(new KnownFailure('TIMER_LIMIT', 'RangeError', `Cannot start timer: ${max} are pending, the limit`, max + 1))
      throw new TypeErrorConstructor(`Cannot start timer: ${max} are pending, the limit`)
    }
    const delayMs = clampDelay(delay)
    const id = ++lastId
    count++
    schedule({ id, due: DateNow() + delayMs, order: ++order, every: repeat ? delayMs : undefined, callback, args })
    return id
  }

  /** @param {Timer} timer */
  function schedule (timer) {
    pending[timer.id] = timer
    if (timer.due < wakeAt) ask(timer.due)
  }

  /** @param {unknown} id */
  function stop (id) {
    if (typeof id !== 'number' || !(id in pending)) return
    delete pending[id]
    count--
  }

  /** Runs the timer that is due first, if one is, and asks for the next wake. */
  function tick () {
    wakeAt = Infinity
    asks = 0
    const timer = first()
    if (timer === undefined) return
    if (timer.due > DateNow()) return ask(timer.due)
    if (timer.every === undefined) stop(timer.id)
    else {
      timer.due = DateNow() + timer.every
      timer.order = ++order
    }
    const next = first()
    if (next !== undefined) ask(next.due)
    try {
      ReflectApply(timer.callback, undefined, timer.args)
    } catch (thrown) {
      fail(thrown)
    }
  }

  /** @param {number} due */
  function ask (due) {
    const now = DateNow()
    asks++
    wakeAt = asks < ASKS_MAX ? due : now // nothing is earlier: the next wake asks again
    wake(MathMax(0, wakeAt - now))
  }

  function first () {
    /** @type {Timer | undefined} */
    let earliest
    for (const id in pending) {
      const timer = /** @type {Timer} */ (pending[id])
      if (earliest === undefined || timer.due < earliest.due || (timer.due === earliest.due && timer.order < earliest.order)) earliest = timer
    }
    return earliest
  }

  return { start, stop, tick }
}

/** @param {unknown} delay */
function clampDelay (delay) {
  const ms = typeof delay === 'number' ? delay : typeof delay === 'string' ? +delay : 0
  return ms >= 1 && ms <= DELAY_MAX_MS ? ms : 1
}

/**
 * Puts setTimeout and its like on the global object.
 * @param {ReturnType<typeof createTimers>} timers
 */
export function installTimers (timers) {
  /** @param {unknown} callback @param {unknown} [delay] @param {unknown[]} args */
  const setTimeout = (callback, delay, ...args) => timers.start(callback, delay, args, false)
  /** @param {unknown} callback @param {unknown} [delay] @param {unknown[]} args */
  const setInterval = (callback, delay, ...args) => timers.start(callback, delay, args, true)
  /** @param {unknown} id */
  const clearTimeout = (id) => timers.stop(id)
  /** @param {unknown} id */
  const clearInterval = (id) => timers.stop(id)
  defineValue(globalThis, 'setTimeout', setTimeout)
  defineValue(globalThis, 'setInterval', setInterval)
  defineValue(globalThis, 'clearTimeout', clearTimeout)
  defineValue(globalThis, 'clearInterval', clearInterval)
}
