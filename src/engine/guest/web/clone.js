// @ts-check
import {
  ArrayBufferIsView, ArrayIsArray, ErrorIsError, MapConstructor, ObjectHasOwn, ReflectGetOwnPropertyDescriptor, TypeErrorConstructor, arrayBufferIsDetached, arrayBufferTransfer,
  buildList, dataViewBuffer, defineValue, mapGet, mapSet, typedArrayBuffer, typedArrayKind,
} from '../intrinsics.js'
import { isArrayBuffer } from '../bytes.js'
import { findTransferable } from '../serializable.js'
import { isObject, requireArguments, toDictionary, toSequence } from '../webidl.js'
import { CauseFrame, Later, MapFrame, MembersFrame, SetFrame, settle } from './clone-frames.js'
import { cloneError, kindOf, planView, refuse } from './clone-kinds.js'

// Clones in one pass what the standard serialises and deserialises: within one realm nobody can tell.
// Source: https://html.spec.whatwg.org/#safe-passing-of-structured-data

/**
 * Clones a value and transfers objects. Throws a DataCloneError for what cannot be cloned or transferred, and whatever getters throw.
 * @param {unknown} value @param {object[]} transfer
 * @returns {{ value: any, transferred: object[] }} both the clone and what the objects are now
 */
export function cloneAndTransfer (value, transfer) {
  const walk = new Walk()
  for (let i = 0; i < transfer.length; i++) walk.expect(/** @type {object} */ (transfer[i]))
  const clone = walk.cloneAll(value)
  const transferred = buildList()
  for (let i = 0; i < transfer.length; i++) transferred[i] = walk.transfer(/** @type {object} */ (transfer[i]))
  walk.finish()
  return { value: settle(clone), transferred }
}

/** What has parts is a frame of a stack of our own: nothing is too deep. */
export class Walk {
  /** What objects were cloned to. @type {Map<object, object>} */
  #memory = new MapConstructor()
  /** @type {import('./clone-frames.js').Frame | null} */
  #top = null
  /** What is left to do when everything was transferred. @type {(() => void)[]} */
  #acts = buildList()
  #isTransferring = false

  /** @param {object} object */
  expect (object) {
    if (!isArrayBuffer(object) && findTransferable(object) === undefined) throw refuse('an object that cannot be transferred')
    if (mapGet(this.#memory, object) !== undefined) throw refuse('an object that is transferred twice')
    mapSet(this.#memory, object, new Later())
    this.#isTransferring = true
  }

  /** @param {unknown} value */
  cloneAll (value) {
    const clone = this.clone(value)
    while (this.#top !== null) if (!this.#top.step(this)) this.#top = this.#top.below
    return clone
  }

  /** @param {object} object */
  transfer (object) {
    const later = mapGet(this.#memory, object)
    if (isArrayBuffer(object)) {
      if (arrayBufferIsDetached(object)) throw refuse('a detached ArrayBuffer')
      later.value = arrayBufferTransfer(object)
    } else {
      const kind = /** @type {NonNullable<ReturnType<typeof findTransferable>>} */ (findTransferable(object))
      if (kind.isDetached(object)) throw refuse('an object that was transferred or closed')
      later.value = kind.transfer(object)
    }
    return later.value
  }

  finish () {
    for (let i = 0; i < this.#acts.length; i++) this.#acts[i]?.()
  }

  /** The clone of a value, whose parts may be yet to come. @param {any} value @returns {any} */
  clone (value) {
    if (typeof value === 'symbol') throw refuse('a symbol')
    if (!isObject(value)) return value
    const known = mapGet(this.#memory, value)
    if (known !== undefined) return known
    const clone = this.#begin(value)
    mapSet(this.#memory, value, clone)
    return clone
  }

  /** @param {any} value */
  #begin (value) {
    if (typeof value === 'function') throw refuse('a function')
    if (value === globalThis) throw refuse('the global object')
    if (ArrayIsArray(value)) return this.#push(new MembersFrame(value, [], this.#top))
    if (ArrayBufferIsView(value)) return this.#cloneView(value)
    const kind = kindOf(value)
    if (kind === undefined) return ErrorIsError(value) ? this.#cloneError(value) : this.#push(new MembersFrame(value, {}, this.#top))
    if (kind.clone !== null) return kind.clone(value)
    return this.#push(kind.name === 'Map' ? new MapFrame(value, this.#top) : new SetFrame(value, this.#top))
  }

  /** @param {import('./clone-frames.js').Frame} frame */
  #push (frame) {
    this.#top = frame
    return frame.target
  }

  /** @param {ArrayBufferView} view */
  #cloneView (view) {
    const source = typedArrayKind(view) === undefined ? dataViewBuffer(view) : typedArrayBuffer(view)
    if (arrayBufferIsDetached(source)) throw refuse('a view on a detached ArrayBuffer')
    const build = planView(view)
    const buffer = this.clone(source)
    if (!Later.is(buffer)) return build(buffer)
    const later = new Later()
    this.whenTransferred(() => { later.value = build(buffer.value) })
    return later
  }

  /** @param {Error} error */
  #cloneError (error) {
    const copy = cloneError(error)
    const cause = ReflectGetOwnPropertyDescriptor(error, 'cause')
    if (cause !== undefined && ObjectHasOwn(cause, 'value')) this.#push(new CauseFrame(cause.value, copy, this.#top))
    return copy
  }

  /** Tells whether a part is only there when everything was transferred. @param {unknown} part */
  isLater (part) {
    return this.#isTransferring && Later.is(part)
  }

  /** @param {() => void} act */
  whenTransferred (act) {
    this.#acts[this.#acts.length] = act
  }

  /** @param {any} target @param {PropertyKey} key @param {unknown} part */
  put (target, key, part) {
    if (this.isLater(part)) this.whenTransferred(() => { target[key] = settle(part) }) // it is its own by then
    if (key in target) defineValue(target, key, part)
    else target[key] = part // neither it nor its prototypes have one: no setter is called
  }
}

/** What Web IDL makes of `StructuredSerializeOptions`. @param {unknown} options @returns {object[]} */
export function readTransfer (options) {
  const { transfer } = toDictionary(options, 'The options of a clone')
  return transfer === undefined ? buildList() : toSequence(transfer, toTransferable, 'The list of what is transferred')
}

/** @param {unknown} item @returns {object} */
export function toTransferable (item) {
  if (isObject(item)) return item
  throw new TypeErrorConstructor('Cannot transfer value: it is not an object')
}

export const { structuredClone } = {
  /** Source: https://html.spec.whatwg.org/#structured-cloning @param {unknown} value @param {unknown} [options] */
  structuredClone (value, options = undefined) {
    requireArguments(arguments.length, 1, 'structuredClone')
    return cloneAndTransfer(value, readTransfer(options)).value
  },
}
