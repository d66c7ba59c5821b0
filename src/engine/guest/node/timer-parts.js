// @ts-check

const scope = /** @type {any} */ (globalThis)
const { clearTimeout, setInterval, setTimeout } = scope

/** A timer as Node has it: an object that is also the number. What it says of keeping a process alive means nothing here. */
class Timeout {
  /** @type {() => number} */
  #start
  #id
  #isSet = true
  #isRef = true

  /** @param {() => number} start */
  constructor (start) {
    this.#start = start
    this.#id = start()
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
    if (!this.#isSet) return this
    clearTimeout(this.#id)
    this.#id = this.#start()
    return this
  }

  close () {
    this.#isSet = false
    clearTimeout(this.#id)
    return this
  }

  [Symbol.toPrimitive] () { return this.#id }
  [Symbol.dispose] () { this.close() }
}

class Immediate extends Timeout {}

/** @param {unknown} timer */
function clear (timer) {
  if (timer instanceof Timeout) timer.close()
  else clearTimeout(timer)
}

/** @param {unknown} callback */
function check (callback) {
  if (typeof callback !== 'function') throw Object.assign(new TypeError(`The "callback" argument must be of type function. Received ${callback === null ? 'null' : typeof callback}`), { code: 'ERR_INVALID_ARG_TYPE' })
}

/** Node's names of timers, over those of the sandbox. */
export function buildTimers () {
  const timers = {
    /** @param {Function} callback @param {number} [delay] @param {unknown[]} args */
    setTimeout (callback, delay, ...args) {
      check(callback)
      return new Timeout(() => setTimeout(callback, delay, ...args))
    },
    clearTimeout: clear,
    /** @param {Function} callback @param {unknown[]} args */
    setImmediate (callback, ...args) {
      check(callback)
      return new Immediate(() => setTimeout(callback, 0, ...args))
    },
    clearImmediate: clear,
    /** @param {Function} callback @param {number} [delay] @param {unknown[]} args */
    setInterval (callback, delay, ...args) {
      check(callback)
      return new Timeout(() => setInterval(callback, delay, ...args))
    },
    clearInterval: clear,
    promises: buildPromises(),
  }
  const custom = Symbol.for('nodejs.util.promisify.custom')
  for (const name of /** @type {const} */ (['setTimeout', 'setImmediate'])) Object.defineProperty(timers[name], custom, { value: timers.promises[name], configurable: true })
  return timers
}

function buildPromises () {
  /** @param {number | undefined} delay @param {unknown} value @param {{ signal?: any }} [options] */
  const wait = (delay, value, { signal } = {}) => new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(Object.assign(new Error('The operation was aborted', { cause: signal.reason }), { name: 'AbortError', code: 'ABORT_ERR' }))
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve(value)
    }, delay)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
  return {
    setTimeout: (/** @type {number} */ delay, /** @type {unknown} */ value, /** @type {any} */ options) => wait(delay, value, options),
    setImmediate: (/** @type {unknown} */ value, /** @type {any} */ options) => wait(0, value, options),
    async * setInterval (/** @type {number} */ delay, /** @type {unknown} */ value, /** @type {any} */ options) {
      while (true) yield await wait(delay, value, options)
    },
    scheduler: { wait: (/** @type {number} */ delay, /** @type {any} */ options) => wait(delay, undefined, options), yield: () => wait(0, undefined) },
  }
}
