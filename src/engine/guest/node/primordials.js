// @ts-check

// The language under the names that Node's library has for it: `ArrayPrototypeMap(list, f)` is `list.map(f)`. There are nine hundred; each is made when a
// file first asks for it. Source: `internal/per_context/primordials.js` of Node, whose classes that are safe come from that file.

const { apply, bind, call } = Function.prototype
const { getOwnPropertyDescriptor, getPrototypeOf } = Reflect
/** @type {(method: Function) => Function} */
const uncurryThis = bind.bind(/** @type {any} */ (call))
/** @type {(method: Function, self?: unknown) => Function} */
const applyBind = bind.bind(/** @type {any} */ (apply))

/** What has no name of its own in the language. */
const HIDDEN = /** @type {Record<string, any>} */ ({
  __proto__: null,
  TypedArray: getPrototypeOf(Uint8Array),
  ArrayIteratorPrototype: getPrototypeOf([][Symbol.iterator]()),
  AsyncFunctionPrototype: getPrototypeOf(async function () {}),
  AsyncGeneratorFunctionPrototype: getPrototypeOf(async function * () {}),
  AsyncIteratorPrototype: getPrototypeOf(/** @type {object} */ (getPrototypeOf((async function * () {}).prototype))),
  GeneratorFunctionPrototype: getPrototypeOf(function * () {}),
  MapIteratorPrototype: getPrototypeOf(new Map()[Symbol.iterator]()),
  RegExpStringIteratorPrototype: getPrototypeOf(/./[Symbol.matchAll]('')),
  SetIteratorPrototype: getPrototypeOf(new Set()[Symbol.iterator]()),
  StringIteratorPrototype: getPrototypeOf(''[Symbol.iterator]()),
})

/** Where a name is divided: after an object, and after its prototype. */
const DIVIDED = /^(Atomics|JSON|Math|Proxy|Reflect|AggregateError|ArrayBuffer|ArrayIteratorPrototype|Array|Async\w*?Prototype|BigInt64Array|BigUint64Array|BigInt|Boolean|DataView|Date|EvalError|Error|FinalizationRegistry|Float16Array|Float32Array|Float64Array|Function|GeneratorFunctionPrototype|Int16Array|Int32Array|Int8Array|Iterator|MapIteratorPrototype|Map|Number|Object|Promise|RangeError|ReferenceError|RegExpStringIteratorPrototype|RegExp|SetIteratorPrototype|Set|StringIteratorPrototype|String|Symbol|SyntaxError|TypeError|TypedArray|URIError|Uint16Array|Uint32Array|Uint8Array|Uint8ClampedArray|WeakMap|WeakRef|WeakSet)(Prototype(?=[A-Z]))?(.+)$/

/** @type {Record<string, any>} */
const made = Object.create(null)
made.uncurryThis = uncurryThis
made.applyBind = applyBind

/** @type {Record<string, any>} */
export const primordials = new Proxy(made, {
  get (known, /** @type {string} */ name) {
    if (!(name in known)) known[name] = find(name)
    return known[name]
  },
})

/** @param {string} name */
function find (name) {
  const scope = /** @type {any} */ (globalThis)
  if (name in HIDDEN) return HIDDEN[name]
  if (Object.hasOwn(scope, name)) return scope[name]
  const [, owner = '', prototype, rest = ''] = DIVIDED.exec(name) ?? []
  if (owner === '') return undefined
  if (rest === 'Prototype') return (HIDDEN[owner] ?? scope[owner]).prototype
  const isPrototype = prototype !== undefined || owner.endsWith('Prototype') || owner === 'TypedArray'
  const whole = HIDDEN[owner] ?? scope[owner]
  return readMember(prototype === undefined ? whole : whole.prototype, rest, { isPrototype, isBound: owner === 'Promise' })
}

/** @param {any} holder @param {string} rest @param {{ isPrototype: boolean, isBound: boolean }} how @returns {unknown} */
function readMember (holder, rest, how) {
  const descriptor = describe(holder, rest)
  if (descriptor === undefined) {
    if (rest.endsWith('Apply')) return applyBind(describe(holder, rest.slice(0, -'Apply'.length))?.value, ...how.isPrototype ? [] : [holder])
    const accessor = describe(holder, rest.slice('Get'.length))
    const method = rest.startsWith('Set') ? accessor?.set : accessor?.get
    return method && uncurryThis(method)
  }
  const { value } = descriptor
  if (typeof value !== 'function') return value
  return how.isPrototype ? uncurryThis(value) : how.isBound ? value.bind(holder) : value
}

/** @param {object} holder @param {string} name its first letter may have been a small one, or it is a symbol */
function describe (holder, name) {
  const small = `${/** @type {string} */ (name[0]).toLowerCase()}${name.slice(1)}`
  const symbol = name.startsWith('Symbol') ? /** @type {any} */ (Symbol)[`${/** @type {string} */ (name[6] ?? '').toLowerCase()}${name.slice(7)}`] : undefined
  return getOwnPropertyDescriptor(holder, small) ?? getOwnPropertyDescriptor(holder, name) ?? (symbol === undefined ? undefined : getOwnPropertyDescriptor(holder, symbol))
}
