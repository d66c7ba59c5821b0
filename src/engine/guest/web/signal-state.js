// @ts-check
import { TypeErrorConstructor, WeakMapConstructor, WeakRefConstructor, append, buildList, weakMapGet, weakMapSet, weakRefDeref } from '../intrinsics.js'
import { isObject } from '../webidl.js'

/** So many signals may follow one before it is asked which of them are still there. */
const FOLLOWERS_MIN = 64

/**
 * A signal that follows another. It is kept alive only while somebody would hear of its abort: `AbortSignal.any` may be called without an end on one
 * signal that lives as long as the run.
 * @typedef {{ signal: WeakRef<object>, kept: object | null }} Follower
 */

/** What a signal knows, out of reach of user code. */
export class SignalState {
  isAborted = false
  /** @type {unknown} */
  reason = undefined
  /** @type {(() => void)[]} */
  #acts = buildList()
  /** Signals made by AbortSignal.any that follow this one. @type {Follower[]} */
  #followers = buildList()
  #followersMax = FOLLOWERS_MIN
  /** Of a signal that follows others: those, none of which follows any. @type {object[] | null} */
  sources = null
  /** Its places with those. @type {Follower[]} */
  #places = buildList()
  /** Listeners and acts. */
  #holds = 0

  /** Calls back once when the signal aborts, before its event. Not for one that has. Answers what takes that back. @param {() => void} act */
  onAbort (act) {
    append(this.#acts, act)
    this.hold()
    return () => {
      const old = this.#acts
      this.#acts = buildList()
      for (let i = 0; i < old.length; i++) {
        const other = /** @type {() => void} */ (old[i])
        if (other !== act) append(this.#acts, other)
      }
      if (this.#acts.length < old.length) this.release()
    }
  }

  runActs () {
    const acts = this.#acts
    this.#acts = buildList()
    for (let i = 0; i < acts.length; i++) acts[i]?.()
  }

  /** Somebody more waits for the abort. */
  hold () {
    if (this.#holds++ > 0) return
    for (let i = 0; i < this.#places.length; i++) keep(this.#places[i])
  }

  release () {
    if (--this.#holds > 0) return
    for (let i = 0; i < this.#places.length; i++) letGo(this.#places[i])
  }

  /** Has a signal follow this one. @param {object} signal */
  addFollower (signal) {
    if (this.#followers.length >= this.#followersMax) this.#forgetLost()
    const follower = { signal: new WeakRefConstructor(signal), kept: null }
    append(this.#followers, follower)
    append(stateOf(signal).#places, follower)
  }

  /** Signals that follow this one, and are still there. */
  listFollowers () {
    /** @type {object[]} */
    const signals = buildList()
    for (let i = 0; i < this.#followers.length; i++) {
      const signal = find(this.#followers[i])
      if (signal !== undefined) append(signals, signal)
    }
    return signals
  }

  #forgetLost () {
    const old = this.#followers
    this.#followers = buildList()
    for (let i = 0; i < old.length; i++) {
      const follower = /** @type {Follower} */ (old[i])
      if (find(follower) !== undefined) append(this.#followers, follower)
    }
    this.#followersMax = this.#followers.length * 2
    if (this.#followersMax < FOLLOWERS_MIN) this.#followersMax = FOLLOWERS_MIN
  }
}

/** @param {Follower | undefined} follower */
const find = (follower) => follower && weakRefDeref(follower.signal)
/** @param {Follower | undefined} follower */
function keep (follower) { if (follower) follower.kept = find(follower) ?? null }
/** @param {Follower | undefined} follower */
function letGo (follower) { if (follower) follower.kept = null }

/** @type {WeakMap<object, SignalState>} */
const states = new WeakMapConstructor()

/** Makes an object a signal. @param {object} signal */
export function makeSignal (signal) {
  weakMapSet(states, signal, new SignalState())
}

/** What a signal knows; undefined for anything that is none. @param {object} value @returns {SignalState | undefined} */
export const findState = (value) => weakMapGet(states, value)

/** Throws a TypeError for anything that is no AbortSignal. @param {unknown} value @returns {SignalState} */
export function stateOf (value) {
  const state = isObject(value) ? findState(value) : undefined
  if (state === undefined) throw new TypeErrorConstructor('Cannot read signal: it is no AbortSignal')
  return state
}
