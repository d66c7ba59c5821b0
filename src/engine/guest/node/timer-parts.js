// @ts-check
import { reportException } from '../report.js'
import { queueTask } from '../timers.js'

// Timers as Node has them, over those of the sandbox: `timers/promises` is Node's own file upon this. Source: lib/timers.js and lib/internal/timers.js of Node.

const scope = /** @type {any} */ (globalThis)
const { clearTimeout: stopTimer, setInterval: repeat, setTimeout: wait } = scope

const TIMEOUT_MAX = 2 ** 31 - 1

/** A timer: an object that is also the number. What it says of keeping a process alive means nothing here. */
class Timeout {
  #id = 0
  #isRef = true

  /** @param {Function} callback @param {unknown} after @param {unknown[] | undefined} args @param {boolean} isRepeat @param {boolean} isRefed */
  constructor (callback, after, args, isRepeat, isRefed) {
    const delay = after === undefined ? 1 : Number(after)
    this._idleTimeout = delay >= 1 && delay <= TIMEOUT_MAX ? delay : 1
    /** @type {Function | null} */
    this._onTimeout = callback
    this._timerArgs = args
    this._repeat = isRepeat ? this._idleTimeout : null
    this._destroyed = false
    this.#isRef = isRefed
  }

  ref () {
    this.#isRef = true
    return this
  }

  unref () {
    this.#isRef = false
    return this
  }

  hasRef () { return this.#isRef }

  refresh () {
    if (!this._destroyed) {
      stopTimer(this.#id)
      this._start()
    }
    return this
  }

  close () {
    this._destroyed = true
    this._onTimeout = null
    stopTimer(this.#id)
    return this
  }

  /** Node does this in a list of its own. */
  _start () {
    const due = () => {
      if (this._repeat === null) this._destroyed = true
      this._onTimeout?.(...this._timerArgs ?? [])
    }
    this.#id = (this._repeat === null ? wait : repeat)(due, this._idleTimeout)
  }

  [Symbol.toPrimitive] () { return this.#id }
  [Symbol.dispose] () { this.close() }
}

/** A task of its own, after those that are queued by then. */
class Immediate {
  #isRef = true

  /** @param {Function} callback @param {unknown[]} [args] */
  constructor (callback, args) {
    this._onImmediate = /** @type {Function | null} */ (callback)
    this._argv = args
    this._destroyed = false
    queueTask(() => { this.#run() })
  }

  #run () {
    if (this._destroyed) return
    this._destroyed = true
    try {
      this._onImmediate?.(...this._argv ?? [])
    } catch (error) {
      reportException(error)
    }
  }

  ref () {
    this.#isRef = true
    return this
  }

  unref () {
    this.#isRef = false
    return this
  }

  hasRef () { return this.#isRef }

  close () {
    this._destroyed = true
    this._onImmediate = null
  }

  [Symbol.dispose] () { this.close() }
}

/** What Node's own files take to make timers. */
export const buildTimerParts = () => ({ TIMEOUT_MAX, Timeout, Immediate, insert: (/** @type {Timeout} */ timer) => timer._start() })

/** Node's names of timers. @param {(id: string) => any} loadLibrary @returns {any} */
export function buildTimers (loadLibrary) {
  const { validateFunction } = loadLibrary('internal/validators')
  const { promisify } = loadLibrary('internal/util')

  /** @param {Function} callback @param {unknown} after @param {unknown[]} args @param {boolean} isRepeat */
  function start (callback, after, args, isRepeat) {
    validateFunction(callback, 'callback')
    const timer = new Timeout(callback, after, args, isRepeat, true)
    timer._start()
    return timer
  }

  /** @param {unknown} timer */
  function clear (timer) {
    if (timer instanceof Timeout) timer.close()
    else if (typeof timer === 'number' || typeof timer === 'string') stopTimer(timer)
  }

  const timers = {
    setTimeout: function setTimeout (/** @type {Function} */ callback, /** @type {unknown} */ after, /** @type {unknown[]} */ ...args) { return start(callback, after, args, false) },
    clearTimeout: function clearTimeout (/** @type {unknown} */ timer) { clear(timer) },
    setImmediate: function setImmediate (/** @type {Function} */ callback, /** @type {unknown[]} */ ...args) {
      validateFunction(callback, 'callback')
      return new Immediate(callback, args)
    },
    clearImmediate: function clearImmediate (/** @type {unknown} */ immediate) {
      if (immediate instanceof Immediate) immediate.close()
    },
    setInterval: function setInterval (/** @type {Function} */ callback, /** @type {unknown} */ after, /** @type {unknown[]} */ ...args) { return start(callback, after, args, true) },
    clearInterval: function clearInterval (/** @type {unknown} */ timer) { clear(timer) },
    get promises () { return loadLibrary('timers/promises') },
  }
  for (const name of /** @type {const} */ (['setTimeout', 'setImmediate'])) {
    Object.defineProperty(timers[name], promisify.custom, { get: () => timers.promises[name], enumerable: true })
  }
  return timers
}
