// @ts-check
import {
  ArrayBufferConstructor, ArrayBufferIsView, EvalErrorConstructor, ReflectConstruct, ReflectDefineProperty,
  ReflectDeleteProperty, SymbolSpecies, TypeErrorConstructor,
} from './intrinsics.js'

/** Makes every way to turn text into code, and every memory that escapes the isolate's limit, unreachable. */
export function lockDown () {
  denyCodeGeneration()
  for (const name of ['WebAssembly', 'SharedArrayBuffer', 'console']) ReflectDeleteProperty(globalThis, name)
  ReflectDeleteProperty(Intl, 'v8BreakIterator') // V8's own, in no standard
  replaceArrayBuffer()
}

/**
 * `eval`, `Function` and the constructors that hang on the prototype of every kind of function. Each of the four gets a
 * denier of its own, so that `instanceof` and names keep working.
 */
function denyCodeGeneration () {
  const kinds = [
    Object.getPrototypeOf(function () {}),
    Object.getPrototypeOf(async function () {}),
    Object.getPrototypeOf(function * () {}),
    Object.getPrototypeOf(async function * () {}),
  ]
  for (const prototype of kinds) {
    const { name } = prototype.constructor
    const denier = denies(name)
    ReflectDefineProperty(denier, 'prototype', fixed(prototype))
    ReflectDefineProperty(prototype, 'constructor', fixed(denier))
    if (name === 'Function') ReflectDefineProperty(globalThis, 'Function', fixed(denier))
  }
  ReflectDefineProperty(globalThis, 'eval', fixed(denies('eval')))
}

/** @param {string} name */
function denies (name) {
  const denier = function () {
    throw new EvalErrorConstructor(`Cannot make code from a string: ${name} is not available`)
  }
  ReflectDefineProperty(denier, 'name', fixed(name))
  return denier
}

/**
 * ArrayBuffer without `maxByteLength`: a resizable buffer reserves memory that the isolate's limit does not see. A
 * function and not a subclass, whose prototype would be the original constructor.
 */
function replaceArrayBuffer () {
  const { prototype } = ArrayBufferConstructor
  const { ArrayBuffer: replacement } = { // as a member: the bundler renames what shadows a global, and V8 says names in messages
    ArrayBuffer: function (/** @type {number} */ length) {
      if (new.target === undefined) throw new TypeErrorConstructor("Constructor ArrayBuffer requires 'new'")
      return ReflectConstruct(ArrayBufferConstructor, [length], new.target)
    },
  }
  ReflectDefineProperty(replacement, 'prototype', fixed(prototype))
  ReflectDefineProperty(replacement, 'isView', hidden(ArrayBufferIsView))
  ReflectDefineProperty(replacement, SymbolSpecies, /** @type {any} */ ({
    __proto__: null, get () { return this }, set: undefined, enumerable: false, configurable: false,
  }))
  ReflectDefineProperty(prototype, 'constructor', fixed(replacement))
  for (const name of ['resize', 'resizable', 'maxByteLength']) ReflectDeleteProperty(prototype, name)
  ReflectDefineProperty(globalThis, 'ArrayBuffer', hidden(replacement))
}

/** @param {unknown} value @returns {any} */
const fixed = (value) => ({ __proto__: null, value, writable: false, enumerable: false, configurable: false })
/** @param {unknown} value @returns {any} */
const hidden = (value) => ({ __proto__: null, value, writable: true, enumerable: false, configurable: true })
