// @ts-check
import { ReflectSetPrototypeOf, TypeErrorConstructor, WeakMapConstructor, append, weakMapGet, weakMapSet } from '../../../engine/guest/intrinsics.js'
import { isObject } from '../../../engine/guest/webidl.js'

/** What a signal knows, out of reach of user code. */
export class SignalState {
  isAborted = false
  /** @type {unknown} */
  reason = undefined
  /** @type {(() => void)[]} */
  #acts = buildList()
  /** Signals made by AbortSignal.any that follow this one. @type {object[]} */
  dependents = buildList()
  /** Of a signal that follows others: those, none of which follows any. @type {object[] | null} */
  sources = null

  /** Calls back once when the signal aborts, before its event. Not for one that has. Answers what takes that back. @param {() => void} act */
  onAbort (act) {
    append(this.#acts, act)
    return () => {
      const old = this.#acts
      this.#acts = buildList()
      for (let i = 0; i < old.length; i++) {
        const other = /** @type {() => void} */ (old[i])
        if (other !== act) append(this.#acts, other)
      }
    }
  }

  runActs () {
    const acts = this.#acts
    this.#acts = buildList()
    for (let i = 0; i < acts.length; i++) acts[i]?.()
  }
}

/** @type {WeakMap<object, SignalState>} */
const states = new WeakMapConstructor()

/** Makes an object a signal. @param {object} signal */
export function makeSignal (signal) {
  weakMapSet(states, signal, new SignalState())
}

/** Throws a TypeError for anything that is no AbortSignal. @param {unknown} value @returns {SignalState} */
export function stateOf (value) {
  const state = isObject(value) ? weakMapGet(states, value) : undefined
  if (state === undefined) throw new TypeErrorConstructor('Cannot read signal: it is no AbortSignal')
  return state
}

/** @template T @returns {T[]} */
export function buildList () {
  /** @type {T[]} */
  const list = []
  ReflectSetPrototypeOf(list, null)
  return list
}
