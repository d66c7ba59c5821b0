// @ts-check
import { ReflectApply, TypeErrorConstructor, WeakMapConstructor, append, buildList, weakMapGet, weakMapSet } from '../intrinsics.js'
import { DOMException } from './dom-exception.js'
import { reportException } from '../report.js'
import { isObject, requireArguments, shapeInterface, toText } from '../webidl.js'
import { flightOf } from './event.js'
import { findState, stateOf } from './signal-state.js'

/**
 * @typedef {{ type: string, callback: any, capture: boolean, once: boolean, passive: boolean, isRemoved: boolean }} Listener
 */

/** The listeners of every target. @type {WeakMap<object, Listener[]>} */
const listeners = new WeakMapConstructor()

/** Makes an object a target, whatever its class. @param {object} target */
export function makeTarget (target) {
  weakMapSet(listeners, target, buildList())
}

/** Source: https://dom.spec.whatwg.org/#interface-eventtarget */
export class EventTarget {
  constructor () {
    makeTarget(this)
  }

  /** @param {unknown} type @param {unknown} callback @param {unknown} [options] */
  addEventListener (type, callback, options = undefined) {
    readListeners(this)
    requireArguments(arguments.length, 2, 'EventTarget.addEventListener')
    const text = toText(type)
    const handler = toCallback(callback)
    const { capture, once, passive, signal } = readAddOptions(options)
    if (handler === null || signal?.isAborted) return
    const listener = addListener(this, text, handler, { capture, once, passive })
    if (listener !== null) signal?.onAbort(() => removeListener(this, listener))
  }

  /** @param {unknown} type @param {unknown} callback @param {unknown} [options] */
  removeEventListener (type, callback, options = undefined) {
    readListeners(this)
    requireArguments(arguments.length, 2, 'EventTarget.removeEventListener')
    const text = toText(type)
    const handler = toCallback(callback)
    const listener = findListener(this, text, handler, isObject(options) ? !!options['capture'] : !!options)
    if (listener !== null) removeListener(this, listener)
  }

  /** @param {unknown} event */
  dispatchEvent (event) {
    readListeners(this)
    requireArguments(arguments.length, 1, 'EventTarget.dispatchEvent')
    const flight = isObject(event) ? flightOf(event) : undefined
    if (flight === undefined) throw new TypeErrorConstructor('Cannot dispatch event: it is no Event')
    if (flight.isDispatched) throw new DOMException('Cannot dispatch event: it is being dispatched already', 'InvalidStateError')
    flight.isTrusted = false
    return dispatch(this, /** @type {import('./event.js').Event} */ (event))
  }
}
shapeInterface(EventTarget, 'EventTarget', ['addEventListener', 'removeEventListener', 'dispatchEvent'])

/**
 * Adds a listener; answers null when the same one is there already.
 * @param {object} target @param {string} type @param {any} callback @param {{ capture: boolean, once: boolean, passive: boolean }} options
 */
export function addListener (target, type, callback, { capture, once, passive }) {
  if (findListener(target, type, callback, capture) !== null) return null
  const listener = { type, callback, capture, once, passive, isRemoved: false }
  append(readListeners(target), listener)
  if (type === 'abort') findState(target)?.hold()
  return listener
}

/** What is called for an event of a type, in the order that it was added. @param {object} target @param {string} type @returns {unknown[]} */
export function listCallbacks (target, type) {
  const list = readListeners(target)
  /** @type {unknown[]} */
  const callbacks = []
  for (let i = 0; i < list.length; i++) if (list[i]?.type === type) append(callbacks, list[i]?.callback)
  return callbacks
}

/** @param {object} target @param {string} type @param {unknown} callback @param {boolean} capture */
function findListener (target, type, callback, capture) {
  const list = readListeners(target)
  for (let i = 0; i < list.length; i++) {
    const listener = /** @type {Listener} */ (list[i])
    if (listener.type === type && listener.callback === callback && listener.capture === capture) return listener
  }
  return null
}

/** @param {object} target @param {Listener} listener */
export function removeListener (target, listener) {
  if (listener.isRemoved) return
  listener.isRemoved = true
  const list = readListeners(target)
  const kept = buildList()
  for (let i = 0; i < list.length; i++) if (list[i] !== listener) append(kept, list[i])
  weakMapSet(listeners, target, kept)
  if (listener.type === 'abort') findState(target)?.release()
}

/** Hands an event to whoever listens; answers whether nobody canceled it. Throws for nothing that a listener throws. @param {object} target @param {import('./event.js').Event} event */
export function dispatch (target, event) {
  const flight = /** @type {NonNullable<ReturnType<typeof flightOf>>} */ (flightOf(event))
  flight.isDispatched = true
  flight.target = flight.currentTarget = target
  callAll(target, event, true)
  callAll(target, event, false)
  flight.isDispatched = flight.isStopped = flight.isStoppedAtOnce = false
  flight.currentTarget = null
  return !flight.isCanceled
}

/** @param {object} target @param {import('./event.js').Event} event @param {boolean} capture */
function callAll (target, event, capture) {
  const flight = /** @type {NonNullable<ReturnType<typeof flightOf>>} */ (flightOf(event))
  const list = readListeners(target)
  const count = flight.isStopped ? 0 : list.length // who is added now is not called
  for (let i = 0; i < count && !flight.isStoppedAtOnce; i++) {
    const listener = /** @type {Listener} */ (list[i])
    if (listener.isRemoved || listener.capture !== capture || listener.type !== flight.type) continue
    if (listener.once) removeListener(target, listener)
    flight.isPassive = listener.passive
    try {
      call(listener.callback, target, event)
    } catch (error) {
      reportException(error)
    }
    flight.isPassive = false
  }
}

/** @param {any} callback @param {object} target @param {import('./event.js').Event} event */
function call (callback, target, event) {
  if (typeof callback === 'function') return ReflectApply(callback, target, [event])
  const { handleEvent } = callback
  if (typeof handleEvent !== 'function') throw new TypeErrorConstructor('Cannot call listener: it has no handleEvent that is a function')
  ReflectApply(handleEvent, callback, [event])
}

/** @param {object} target */
function readListeners (target) {
  const list = isObject(target) ? weakMapGet(listeners, target) : undefined
  if (list === undefined) throw new TypeErrorConstructor('Cannot use object as an EventTarget: it is none')
  return list
}

/** @param {unknown} value @returns {any} */
function toCallback (value) {
  if (value === null || value === undefined) return null
  if (isObject(value)) return value
  throw new TypeErrorConstructor('Cannot use listener: it is neither a function nor an object')
}

/** @param {unknown} options */
function readAddOptions (options) {
  if (!isObject(options)) return { capture: !!options, once: false, passive: false, signal: null }
  const capture = !!options['capture']
  const once = !!options['once']
  const passive = !!options['passive']
  const { signal } = options
  return { capture, once, passive, signal: signal === undefined ? null : stateOf(signal) }
}
