// @ts-check
import {
  IteratorPrototype, ReflectApply, ReflectDefineProperty, ReflectDeleteProperty, ReflectSetPrototypeOf, SymbolFor, SymbolIterator, TypeErrorConstructor, append, defineHidden,
} from '../intrinsics.js'
import { markNative } from '../native-code.js'
import { isObject, requireArguments, shapeInterface } from '../webidl.js'

/**
 * @typedef {readonly (readonly [name: unknown, value: unknown])[]} Pairs
 * @typedef {'entries' | 'keys' | 'values'} Kind
 *
 * How a class that Node has itself differs: what it throws for a callback that is none, and for what is no iterator of its own, and how its `inspect` shows what an iterator has left.
 * @typedef {{ refuse (callback: unknown): Error, refuseIterator (): Error, inspect (left: unknown[], depth: number | null, options: object, inspect: Function | undefined): string }} NodeForms
 */

/**
 * Gives a class what Web IDL gives an interface that is declared `iterable<name, value>`. Who goes over the pairs sees those that are there at that moment.
 * Source: https://webidl.spec.whatwg.org/#js-iterable
 * @param {Function} constructor
 * @param {string} name
 * @param {(target: any) => Pairs} pairsOf throws a TypeError for what is no object of that class
 * @param {NodeForms} [forms]
 */
export function definePairIteration (constructor, name, pairsOf, forms = undefined) {
  const PairIterator = buildIteratorClass(name, pairsOf, forms)
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
      if (typeof callback !== 'function' && forms !== undefined) throw forms.refuse(callback)
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
 * @param {string} name @param {(target: any) => Pairs} pairsOf @param {NodeForms | undefined} forms
 */
function buildIteratorClass (name, pairsOf, forms) {
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
      if (forms !== undefined && !(isObject(this) && #target in this)) throw forms.refuseIterator()
      const pairs = pairsOf(this.#target)
      if (this.#at >= pairs.length) return { value: undefined, done: true }
      return { value: this.#show(/** @type {Pairs[number]} */ (pairs[this.#at++])), done: false }
    }

    /** @param {Pairs[number]} pair */
    #show (pair) { return this.#kind === 'keys' ? pair[0] : this.#kind === 'values' ? pair[1] : [pair[0], pair[1]] }

    /** @param {number | null} depth @param {object} options @param {Function} [inspect] */
    '[nodejs.util.inspect.custom]' (depth, options, inspect = undefined) {
      if (!(isObject(this) && #target in this)) throw forms?.refuseIterator()
      const pairs = pairsOf(this.#target)
      /** @type {unknown[]} */
      const left = []
      for (let i = this.#at; i < pairs.length; i++) append(left, this.#show(/** @type {Pairs[number]} */ (pairs[i])))
      return forms?.inspect(left, depth, options, inspect)
    }
  }
  const { '[nodejs.util.inspect.custom]': custom } = PairIterator.prototype
  ReflectDeleteProperty(PairIterator.prototype, '[nodejs.util.inspect.custom]')
  if (forms !== undefined) defineHidden(PairIterator.prototype, SymbolFor('nodejs.util.inspect.custom'), custom)
  shapeInterface(PairIterator, `${name} Iterator`, ['next'])
  ReflectDeleteProperty(PairIterator.prototype, 'constructor')
  ReflectSetPrototypeOf(PairIterator.prototype, IteratorPrototype)
  return PairIterator
}
