// @ts-check
import { ReflectOwnKeys, WeakSetConstructor, defineHidden, functionToString, ownValue, weakSetAdd, weakSetHas } from './intrinsics.js'

/** Functions of the platform's. */
const natives = new WeakSetConstructor()

/** Has a function print like one that the language comes with: code tells by that what is the platform's. @param {Function} method */
export function markNative (method) {
  weakSetAdd(natives, method)
}

/** Does that for every method of an object. @param {object} holder */
export function markMethods (holder) {
  const keys = ReflectOwnKeys(holder)
  for (let i = 0; i < keys.length; i++) {
    const method = ownValue(holder, /** @type {PropertyKey} */ (keys[i]))
    if (typeof method === 'function') markNative(method)
  }
}

/** Replaces `Function.prototype.toString`. Source: https://tc39.es/ecma262/#sec-function.prototype.tostring */
export function printNatives () {
  const { toString } = {
    toString () {
      if (!weakSetHas(natives, this)) return functionToString(this)
      const name = ownValue(this, 'name')
      return `function ${typeof name === 'string' ? name : ''}() { [native code] }`
    },
  }
  markNative(toString)
  defineHidden(Function.prototype, 'toString', toString)
}
