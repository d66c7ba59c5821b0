// @ts-check
import { MathMin, ObjectCreate, TypeErrorConstructor, append, buildList } from '../intrinsics.js'
import { DOMException } from './dom-exception.js'
import { startTimer } from '../timers.js'
import { inheritInterface, requireArguments, shapeInterface, toEnforced, toSequence } from '../webidl.js'
import { Event, EventHandler, EventTarget, dispatch, makeSignal, makeTarget, stateOf, trust } from './events.js'

export { stateOf }

/** Only who has it can make a signal. It never leaves this module. */
const MAKING = ObjectCreate(null)
/** A timer takes no longer delay; no run does. */
const DELAY_MAX_MS = 2_147_483_647

/**
 * Extends EventTarget, but not by `extends`, which would have `new` ask user code for the constructor to call.
 * Source: https://dom.spec.whatwg.org/#interface-AbortSignal
 */
export class AbortSignal {
  /** @type {EventHandler | null} */
  #handler = null

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
    const delayMs = MathMin(toEnforced(milliseconds, 2 ** 53 - 1, 'The time of AbortSignal.timeout'), DELAY_MAX_MS)
    const signal = buildSignal()
    startTimer(() => abortSignal(signal, new DOMException('The operation timed out', 'TimeoutError')), delayMs)
    return signal
  }

  /** @param {unknown} signals */
  static any (signals) {
    requireArguments(arguments.length, 1, 'AbortSignal.any')
    return follow(toSequence(signals, (signal) => {
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

  get onabort () { return this.#handler === null ? null : this.#handler.value }
  set onabort (value) {
    this.#handler ??= new EventHandler(this, 'abort')
    this.#handler.value = /** @type {any} */ (value)
  }
}
inheritInterface(AbortSignal, EventTarget)
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
  stateOf(source).addFollower(signal)
}

/** Source: https://dom.spec.whatwg.org/#abortsignal-signal-abort @param {AbortSignal} signal @param {unknown} reason */
export function abortSignal (signal, reason) {
  const state = stateOf(signal)
  if (state.isAborted) return
  state.isAborted = true
  state.reason = reason
  const aborted = buildList()
  const followers = state.listFollowers()
  for (let i = 0; i < followers.length; i++) {
    const follower = stateOf(followers[i])
    if (follower.isAborted) continue
    follower.isAborted = true
    follower.reason = reason
    append(aborted, followers[i])
  }
  tell(signal)
  for (let i = 0; i < aborted.length; i++) tell(aborted[i])
}

/** @param {any} signal */
function tell (signal) {
  stateOf(signal).runActs()
  dispatch(signal, trust(new Event('abort')))
}

/** @returns {AbortSignal} */
export function buildSignal () {
  return new (/** @type {any} */ (AbortSignal))(MAKING)
}

function buildAbortError () {
  return new DOMException('This operation was aborted', 'AbortError')
}
