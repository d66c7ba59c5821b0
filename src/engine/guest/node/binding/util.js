// @ts-check
import { parseEnv } from './dotenv.js'
import { typesBinding } from './types.js'

const ALL_PROPERTIES = 0
const ONLY_ENUMERABLE = 2
const SKIP_SYMBOLS = 16
const PENDING = 0
const REJECTED = 2

/** More members than this would not be shown, and their names take more memory than they do. */
const MOST_NAMES = 1 << 20
const INDEX = /^(?:0|[1-9]\d*)$/

/** Names that are no index, of an array or a typed one. @param {object} value @param {number} filter */
function getOwnNonIndexProperties (value, filter) {
  const { length } = /** @type {{ length?: unknown }} */ (value)
  if (typeof length === 'number' && length > MOST_NAMES) return []
  const names = Reflect.ownKeys(value).filter((key) => typeof key === 'symbol' ? (filter & SKIP_SYMBOLS) === 0 : !INDEX.test(key))
  return (filter & ONLY_ENUMERABLE) === 0 ? names : names.filter((key) => Object.prototype.propertyIsEnumerable.call(value, key))
}

/** JavaScript cannot see what became of a promise without waiting for it. */
const getPromiseDetails = () => [PENDING, undefined]

/** Kinds of objects that answer what they are whatever they inherit from. */
const KINDS = /** @type {const} */ ([
  ['Map', 'isMap'], ['Set', 'isSet'], ['WeakMap', 'isWeakMap'], ['WeakSet', 'isWeakSet'], ['Date', 'isDate'], ['RegExp', 'isRegExp'], ['ArrayBuffer', 'isArrayBuffer'],
  ['String', 'isStringObject'], ['Number', 'isNumberObject'], ['Boolean', 'isBooleanObject'], ['BigInt', 'isBigIntObject'], ['Symbol', 'isSymbolObject'], ['Error', 'isNativeError'],
])
const readTypedArrayName = /** @type {() => string | undefined} */ (Reflect.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)?.get)

/** What V8 calls an object, as far as it can be seen. @param {object} value */
function getConstructorName (value) {
  for (let at = /** @type {object | null} */ (value); at !== null; at = Reflect.getPrototypeOf(at)) {
    const made = Reflect.getOwnPropertyDescriptor(at, 'constructor')?.value
    if (typeof made === 'function' && made.name !== '') return made.name
  }
  if (ArrayBuffer.isView(value)) return Reflect.apply(readTypedArrayName, value, []) ?? 'DataView'
  const kind = KINDS.find(([, check]) => typesBinding[check](value))
  return kind === undefined ? Object.prototype.toString.call(value).slice('[object '.length, -1) : kind[0]
}

/**
 * Members that are loaded when they are first looked at.
 * @param {object} target @param {string} id @param {readonly string[]} keys @param {boolean} [isEnumerable]
 */
function defineLazyProperties (target, id, keys, isEnumerable = true) {
  for (const key of keys) {
    /** @param {unknown} value */
    const set = (value) => Object.defineProperty(target, key, /** @type {any} */ ({ __proto__: null, value, writable: true, enumerable: isEnumerable, configurable: true }))
    /** @type {any} */
    const descriptor = {
      __proto__: null,
      get () {
        const value = requireLater(id)[key]
        set(value)
        return value
      },
      set,
      enumerable: isEnumerable,
      configurable: true,
    }
    Object.defineProperty(target, key, descriptor)
  }
}

/** @type {(id: string) => any} */
let requireLater

/** @param {typeof requireLater} load loads a file of Node's library */
export function setLoader (load) {
  requireLater = load
}

export const utilBinding = {
  constants: {
    kPending: PENDING, kFulfilled: 1, kRejected: REJECTED, kExiting: 0, kExitCode: 1, kHasExitCode: 2,
    ALL_PROPERTIES, ONLY_WRITABLE: 1, ONLY_ENUMERABLE, ONLY_CONFIGURABLE: 4, SKIP_STRINGS: 8, SKIP_SYMBOLS,
    kDisallowCloneAndTransfer: 0, kTransferable: 1, kCloneable: 2,
  },
  privateSymbols: {
    arrow_message_private_symbol: Symbol('arrow'),
    decorated_private_symbol: Symbol('decorated'),
    untransferable_object_private_symbol: Symbol('untransferable'),
    transfer_mode_private_symbol: Symbol('transfer'),
  },
  shouldAbortOnUncaughtToggle: [0],
  getOwnNonIndexProperties,
  getPromiseDetails,
  getConstructorName,
  getProxyDetails: () => undefined,
  getCallerLocation: () => undefined,
  /** What is left of an iterator cannot be seen without taking it. @param {unknown} _iterator @param {boolean} [isEntries] */
  previewEntries: (_iterator, isEntries) => isEntries ? [[], false] : [],
  getExternalValue: () => 0n,
  getCallSites: () => [],
  /** Warnings about how code calls are for who can change it: not here. */
  isInsideNodeModules: () => true,
  defineLazyProperties,
  constructSharedArrayBuffer () { throw new TypeError('Cannot make a SharedArrayBuffer: it is not available in the sandbox') },
  guessHandleType: () => 5,
  sleep () {},
  markPromiseAsHandled (/** @type {Promise<unknown>} */ promise) { promise.catch(() => {}) },
  parseEnv,
  toUSVString: (/** @type {unknown} */ text) => String(text).toWellFormed(),
}
