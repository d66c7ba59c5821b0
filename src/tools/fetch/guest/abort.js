// @ts-check
import {
  MathMax, ObjectCreate, ReflectApply, ReflectSetPrototypeOf, TypeErrorConstructor, append,
} from '../../../engine/guest/intrinsics.js'
import { requireArguments, shapeInterface, toEnforced, toSequence } from '../../../engine/guest/webidl.js'
import { buildTrusted } from './event.js'
import { EventTarget, addListener, dispatch, makeTarget, removeListener } from './event-target.js'
import { buildList, makeSignal, stateOf } from './signal-state.js'

/** The guest's own, as they are before user code. */
const { DOMException, setTimeout } = /** @type {any} */ (globalThis)

/** Only who has it can make a signal. It never leaves this module. */
const MAKING = ObjectCreate(null)
const LISTENS = { capture: false, once: false, passive: false }
/** A timer takes no longer delay; no run does. */
const DELAY_MAX_MS = 2_147_483_647

/**
 * Extends EventTarget, but not by `extends`, which would have `new` ask user code for the constructor to call.
 * Source: https://dom.spec.whatwg.org/#interface-AbortSignal
 */
export class AbortSignal {
  /** @type {Function | object | null} */
  #handler = null
  /** @type {((event: unknown) => void) | null} */
  #listener = null

  constructor () {
    if (arguments[0] !== MAKING) throw new TypeErrorConstructor('Cannot construct AbortSignal: AbortController makes them')
    makeTarget(this)
    makeSignal(this)
  }

  /** @param {unknown} [reason] */
  static abort (reason = undefined) {
    const signal = buildSignal()
    const state = stateOf(signal)
    state.isAborted = true
    state.reason = reason === undefined ? buildAbortError() : reason
    return signal
  }

  /** @param {unknown} milliseconds */
  static timeout (milliseconds) {
    requireArguments(arguments.length, 1, 'AbortSignal.timeout')
    const delayMs = toEnforced(milliseconds, 2 ** 53 - 1, 'The time of AbortSignal.timeout')
    const signal = buildSignal()
    setTimeout(() => abortSignal(signal, new DOMException('The operation timed out', 'TimeoutError')), delayMs > DELAY_MAX_MS ? DELAY_MAX_MS : MathMax(delayMs, 1))
    return signal
  }

  /** @param {unknown} given */
  static any (given) {
    requireArguments(arguments.length, 1, 'AbortSignal.any')
    return follow(toSequence(given, (signal) => {
      stateOf(signal)
      return /** @type {AbortSignal} */ (signal)
    }, 'The list of signals'))
  }

  get aborted () { return stateOf(this).isAborted }
  get reason () { return stateOf(this).reason }

  throwIfAborted () {
    const { isAborted, reason } = stateOf(this)
    if (isAborted) throw reason
  }

  get onabort () { return this.#handler }
  set onabort (value) {
    this.#handler = typeof value === 'function' || (typeof value === 'object' && value !== null) ? value : null
    if (this.#handler === null && this.#listener !== null) {
      removeListener(this, 'abort', this.#listener, false)
      this.#listener = null
    } else if (this.#handler !== null && this.#listener === null) {
      this.#listener = (event) => { if (typeof this.#handler === 'function') ReflectApply(this.#handler, this, [event]) }
      addListener(this, 'abort', this.#listener, LISTENS)
    }
  }
}
ReflectSetPrototypeOf(AbortSignal, EventTarget)
ReflectSetPrototypeOf(AbortSignal.prototype, EventTarget.prototype)
shapeInterface(AbortSignal, 'AbortSignal', ['aborted', 'reason', 'throwIfAborted', 'onabort'], ['abort', 'timeout', 'any'])

/** Source: https://dom.spec.whatwg.org/#interface-abortcontroller */
export class AbortController {
  #signal = buildSignal()

  get signal () { return this.#signal }

  /** @param {unknown} [reason] */
  abort (reason = undefined) {
    abortSignal(this.#signal, reason === undefined ? buildAbortError() : reason)
  }
}
shapeInterface(AbortController, 'AbortController', ['signal', 'abort'])

/** Makes a signal that aborts when the first of others does. Source: https://dom.spec.whatwg.org/#create-a-dependent-abort-signal @param {AbortSignal[]} signals */
export function follow (signals) {
  const signal = buildSignal()
  const state = stateOf(signal)
  for (let i = 0; i < signals.length; i++) {
    const other = stateOf(signals[i])
    if (!other.isAborted) continue
    state.isAborted = true
    state.reason = other.reason
    return signal
  }
  const sources = buildList()
  for (let i = 0; i < signals.length; i++) {
    const other = /** @type {AbortSignal} */ (signals[i])
    const own = stateOf(other).sources
    if (own === null) addSource(sources, other, signal)
    else for (let j = 0; j < own.length; j++) addSource(sources, /** @type {AbortSignal} */ (own[j]), signal)
  }
  state.sources = sources
  return signal
}

/** @param {object[]} sources @param {AbortSignal} source @param {AbortSignal} signal */
function addSource (sources, source, signal) {
  for (let i = 0; i < sources.length; i++) if (sources[i] === source) return
  append(sources, source)
  append(stateOf(source).dependents, signal)
}

/** Source: https://dom.spec.whatwg.org/#abortsignal-signal-abort @param {AbortSignal} signal @param {unknown} reason */
function abortSignal (signal, reason) {
  const state = stateOf(signal)
  if (state.isAborted) return
  state.isAborted = true
  state.reason = reason
  const followers = buildList()
  for (let i = 0; i < state.dependents.length; i++) {
    const follower = stateOf(state.dependents[i])
    if (follower.isAborted) continue
    follower.isAborted = true
    follower.reason = reason
    append(followers, state.dependents[i])
  }
  tell(signal)
  for (let i = 0; i < followers.length; i++) tell(followers[i])
}

/** @param {any} signal */
function tell (signal) {
  stateOf(signal).runActs()
  dispatch(signal, buildTrusted('abort'))
}

/** @returns {AbortSignal} */
function buildSignal () {
  return new (/** @type {any} */ (AbortSignal))(MAKING)
}

function buildAbortError () {
  return new DOMException('This operation was aborted', 'AbortError')
}
