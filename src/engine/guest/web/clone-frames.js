// @ts-check
import {
  ArrayIsArray, MapConstructor, ObjectHasOwn, ObjectKeys, SetConstructor, buildList, defineHidden, mapForEach, mapSet, setAdd, setForEach,
} from '../intrinsics.js'
import { isObject } from '../webidl.js'

/**
 * A value that is being cloned part by part. `step` clones one more, and answers whether there was one.
 * @typedef {{ target: object, below: Frame | null, step: (walk: Walk) => boolean }} Frame
 * @typedef {import('./clone.js').Walk} Walk
 */

/** Stands for what is there only when all of the value was cloned: what is transferred, and views of that. */
export class Later {
  #isLater = true
  /** @type {any} */
  value = undefined

  /** @param {unknown} value @returns {value is Later} */
  static is (value) { return isObject(value) && #isLater in value }
}

/** @param {unknown} part @returns {any} */
export const settle = (part) => Later.is(part) ? part.value : part

/** Members of an object or an array that can be enumerated. */
export class MembersFrame {
  #source
  #keys
  #length
  #at = 0

  /** @param {any} source @param {any} target @param {Frame | null} below */
  constructor (source, target, below) {
    this.#source = source
    this.#length = ArrayIsArray(target) ? source.length : 0
    this.#keys = ObjectKeys(source)
    this.target = target
    this.below = below
  }

  /** @param {Walk} walk */
  step (walk) {
    if (this.#at === this.#keys.length) return this.#end()
    const key = /** @type {string} */ (this.#keys[this.#at++])
    if (ObjectHasOwn(this.#source, key)) walk.put(this.target, key, walk.clone(this.#source[key])) // the getter of another may have removed it
    return true
  }

  /** An array may end with holes. */
  #end () {
    if (ArrayIsArray(this.target) && this.target.length < this.#length) this.target.length = this.#length
    return false
  }
}

/** Entries of a map. They are listed first: getters of what is in it may change it. */
export class MapFrame {
  target = new MapConstructor()
  /** Keys and values, by turns. @type {unknown[]} */
  #parts = buildList()
  #at = 0
  #waits = false

  /** @param {Map<unknown, unknown>} source @param {Frame | null} below */
  constructor (source, below) {
    const parts = this.#parts
    mapForEach(source, (value, key) => {
      parts[parts.length] = key
      parts[parts.length] = value
    })
    this.below = below
  }

  /** @param {Walk} walk */
  step (walk) {
    if (this.#at === this.#parts.length) return false
    const at = this.#at++
    const part = this.#parts[at] = walk.clone(this.#parts[at])
    this.#waits ||= walk.isLater(part) // and so does all that follows, which keeps the order
    if (at % 2 === 0) return true
    const key = this.#parts[at - 1]
    if (this.#waits) walk.whenTransferred(() => mapSet(this.target, settle(key), settle(part)))
    else mapSet(this.target, key, part)
    return true
  }
}

/** Values of a set. */
export class SetFrame {
  target = new SetConstructor()
  /** @type {unknown[]} */
  #parts = buildList()
  #at = 0
  #waits = false

  /** @param {Set<unknown>} source @param {Frame | null} below */
  constructor (source, below) {
    const parts = this.#parts
    setForEach(source, (value) => { parts[parts.length] = value })
    this.below = below
  }

  /** @param {Walk} walk */
  step (walk) {
    if (this.#at === this.#parts.length) return false
    const part = walk.clone(this.#parts[this.#at++])
    this.#waits ||= walk.isLater(part)
    if (this.#waits) walk.whenTransferred(() => setAdd(this.target, settle(part)))
    else setAdd(this.target, part)
    return true
  }
}

/** The cause of an error. */
export class CauseFrame {
  #cause
  #isDone = false

  /** @param {unknown} cause @param {Error} target @param {Frame | null} below */
  constructor (cause, target, below) {
    this.#cause = cause
    this.target = target
    this.below = below
  }

  /** @param {Walk} walk */
  step (walk) {
    if (this.#isDone) return false
    this.#isDone = true
    const cause = walk.clone(this.#cause)
    defineHidden(this.target, 'cause', cause)
    if (walk.isLater(cause)) walk.whenTransferred(() => defineHidden(this.target, 'cause', settle(cause)))
    return true
  }
}
