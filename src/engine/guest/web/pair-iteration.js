// @ts-check
import {
  IteratorPrototype, ReflectApply, ReflectDefineProperty, ReflectDeleteProperty, ReflectSetPrototypeOf, SymbolIterator, TypeErrorConstructor, defineHidden,
} from '../intrinsics.js'
import { markNative } from '../native-code.js'
import { requireArguments, shapeInterface } from '../webidl.js'

/**
 * @typedef {readonly (readonly [name: unknown, value: unknown])[]} Pairs
 * @typedef {'entries' | 'keys' | 'values'} Kind
 */

/**
 * Gives a class what Web IDL gives an interface that is declared `iterable<name, value>`. Who goes over the pairs sees those that are there at that moment.
 * Source: https://webidl.spec.whatwg.org/#js-iterable
 * @param {Function} constructor
 * @param {string} name
 * @param {(target: any) => Pairs} pairsOf throws a TypeError for what is no object of that class
 */
export function definePairIteration (constructor, name, pairsOf) {
  const PairIterator = buildIteratorClass(name, pairsOf)
  /** @param {any} target @param {Kind} kind */
  const iterate = (target, kind) => {
    pairsOf(target)
    return new PairIterator(target, kind)
  }
  const methods = {
    /** @this {any} */
    entries () { return iterate(this, 'entries') },
    /** @this {any} */
    keys () { return iterate(this, 'keys') },
    /** @this {any} */
    values () { return iterate(this, 'values') },
    /** @this {any} @param {unknown} callback @param {unknown} [self] */
    forEach (callback, self = undefined) {
      pairsOf(this)
      requireArguments(arguments.length, 1, `${name}.forEach`)
      if (typeof callback !== 'function') throw new TypeErrorConstructor(`Cannot call ${name}.forEach: the callback is not a function`)
      for (let i = 0; ; i++) {
        const pairs = pairsOf(this)
        if (i >= pairs.length) return
        const pair = /** @type {Pairs[number]} */ (pairs[i])
        ReflectApply(callback, self, [pair[1], pair[0], this])
      }
    },
  }
  defineMethod(constructor, 'entries', methods.entries)
  defineMethod(constructor, 'forEach', methods.forEach)
  defineMethod(constructor, 'keys', methods.keys)
  defineMethod(constructor, 'values', methods.values)
  defineHidden(constructor.prototype, SymbolIterator, methods.entries)
}

/** @param {Function} constructor @param {string} name @param {Function} value */
function defineMethod (constructor, name, value) {
  markNative(value)
  ReflectDefineProperty(constructor.prototype, name, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: true, configurable: true }))
}

/**
 * Source: https://webidl.spec.whatwg.org/#js-default-iterator-object
 * @param {string} name @param {(target: any) => Pairs} pairsOf
 */
function buildIteratorClass (name, pairsOf) {
  class PairIterator {
    #target
    #kind
    #at = 0

    /** @param {any} target @param {Kind} kind */
    constructor (target, kind) {
      this.#target = target
      this.#kind = kind
    }

    next () {
      const pairs = pairsOf(this.#target)
      if (this.#at >= pairs.length) return { value: undefined, done: true }
      const pair = /** @type {Pairs[number]} */ (pairs[this.#at++])
      return { value: this.#kind === 'keys' ? pair[0] : this.#kind === 'values' ? pair[1] : [pair[0], pair[1]], done: false }
    }
  }
  shapeInterface(PairIterator, `${name} Iterator`, ['next'])
  ReflectDeleteProperty(PairIterator.prototype, 'constructor')
  ReflectSetPrototypeOf(PairIterator.prototype, IteratorPrototype)
  return PairIterator
}
