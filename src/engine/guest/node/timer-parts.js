// @ts-check
import { reportException } from '../report.js'
import { carried, queueTask } from '../timers.js'

// Timers as Node has them, over those of the sandbox: `timers/promises` is Node's own file upon this. Source: lib/timers.js and lib/internal/timers.js of Node.

const scope = /** @type {any} */ (globalThis)
const { clearTimeout: stopTimer, setInterval: repeat, setTimeout: wait } = scope

const TIMEOUT_MAX = 2 ** 31 - 1

/** Timers that were asked for their numbers, until they are done. @type {Map<number, Timeout>} */
const numbered = new Map()

/** A timer: an object that is also the number. What it says of keeping a process alive means nothing here. */
class Timeout {
  #id = 0
  /** It stays what it was, however often the timer is started anew. @type {number | undefined} */
  #number
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

  /** Starts it anew, even when it was done, but not when it was cleared. */
  refresh () {
    if (this._onTimeout === null) return this
    stopTimer(this.#id)
    this._destroyed = false
    this._start()
    return this
  }

  close () {
    this._onTimeout = null
    this._idleTimeout = -1
    this.#end()
    stopTimer(this.#id)
    return this
  }

  #end () {
    this._destroyed = true
    if (this.#number !== undefined) numbered.delete(this.#number)
  }

  /** Node does this in a list of its own. */
  _start () {
    const id = (this._repeat === null ? wait : repeat)(() => { this.#run(id) }, this._idleTimeout)
    this.#id = id
  }

  /** @param {number} id */
  #run (id) {
    try {
      this._onTimeout?.(...this._timerArgs ?? [])
    } finally {
      if (this._repeat === null && this.#id === id) this.#end()
    }
  }

  [Symbol.toPrimitive] () {
    this.#number ??= this.#id
    numbered.set(this.#number, this)
    return this.#number
  }

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
    const run = carried(() => { this.#run() })
    queueTask(() => { run() })
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

  hasRef () { return this.#isRef && !this._destroyed }

  [Symbol.dispose] () {
    this._destroyed = true
    this._onImmediate = null
  }
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
    const known = typeof timer === 'number' || typeof timer === 'string' ? numbered.get(Number(timer)) ?? timer : timer
    if (known instanceof Timeout) known.close()
    else if (typeof known === 'number' || typeof known === 'string') stopTimer(known) // of the global setTimeout
  }

  const timers = {
    setTimeout: function setTimeout (/** @type {Function} */ callback, /** @type {unknown} */ after, /** @type {unknown[]} */ ...args) { return start(callback, after, args, false) },
    clearTimeout: function clearTimeout (/** @type {unknown} */ timer) { clear(timer) },
    setImmediate: function setImmediate (/** @type {Function} */ callback, /** @type {unknown[]} */ ...args) {
      validateFunction(callback, 'callback')
      return new Immediate(callback, args.length > 0 ? args : undefined)
    },
    clearImmediate: function clearImmediate (/** @type {unknown} */ immediate) {
      if (immediate instanceof Immediate) immediate[Symbol.dispose]()
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
