// @ts-check
import {
  ErrorConstructor, ErrorPrototype, ObjectCreate, RangeErrorConstructor, ReflectConstruct, ReflectDeleteProperty, ReflectSetPrototypeOf, TypeErrorConstructor,
  WeakMapConstructor, defineHidden, ownStack, weakMapGet, weakMapSet,
} from '../intrinsics.js'
import { registerSerializable } from '../serializable.js'
import { useUnit } from '../units.js'
import { defineConstant, isObject, shapeInterface, toDouble, toText } from '../webidl.js'

/** The names that once had a number, by it; some numbers have none. Source: https://webidl.spec.whatwg.org/#dfn-error-names-table @type {readonly (readonly [constant: string, name: string])[]} */
const LEGACY = [
  ['INDEX_SIZE_ERR', 'IndexSizeError'], ['DOMSTRING_SIZE_ERR', ''], ['HIERARCHY_REQUEST_ERR', 'HierarchyRequestError'],
  ['WRONG_DOCUMENT_ERR', 'WrongDocumentError'], ['INVALID_CHARACTER_ERR', 'InvalidCharacterError'], ['NO_DATA_ALLOWED_ERR', ''],
  ['NO_MODIFICATION_ALLOWED_ERR', 'NoModificationAllowedError'], ['NOT_FOUND_ERR', 'NotFoundError'], ['NOT_SUPPORTED_ERR', 'NotSupportedError'],
  ['INUSE_ATTRIBUTE_ERR', 'InUseAttributeError'], ['INVALID_STATE_ERR', 'InvalidStateError'], ['SYNTAX_ERR', 'SyntaxError'],
  ['INVALID_MODIFICATION_ERR', 'InvalidModificationError'], ['NAMESPACE_ERR', 'NamespaceError'], ['INVALID_ACCESS_ERR', 'InvalidAccessError'],
  ['VALIDATION_ERR', ''], ['TYPE_MISMATCH_ERR', 'TypeMismatchError'], ['SECURITY_ERR', 'SecurityError'], ['NETWORK_ERR', 'NetworkError'],
  ['ABORT_ERR', 'AbortError'], ['URL_MISMATCH_ERR', 'URLMismatchError'], ['QUOTA_EXCEEDED_ERR', 'QuotaExceededError'],
  ['TIMEOUT_ERR', 'TimeoutError'], ['INVALID_NODE_TYPE_ERR', 'InvalidNodeTypeError'], ['DATA_CLONE_ERR', 'DataCloneError'],
]

/** What each DOMException knows, out of reach of user code. @type {WeakMap<object, { name: string, message: string }>} */
const details = new WeakMapConstructor()
/** What a QuotaExceededError knows besides. @type {WeakMap<object, { quota: number | null, requested: number | null }>} */
const quotas = new WeakMapConstructor()

/** @type {Record<string, number>} */
const codes = ObjectCreate(null)

/** DOMException as Web IDL has it: a real Error, so that it has a stack, whose name and message are read through its prototype. */
export class DOMException {
  constructor (message = '', name = 'Error') {
    const text = toText(message)
    return buildError(new.target, toText(name), text)
  }

  get name () { return read(details, this, 'DOMException').name }
  get message () { return read(details, this, 'DOMException').message }
  get code () { return codes[read(details, this, 'DOMException').name] ?? 0 }
}
ReflectSetPrototypeOf(DOMException.prototype, ErrorPrototype)
shapeInterface(DOMException, 'DOMException', ['name', 'message', 'code'])
for (let i = 0; i < LEGACY.length; i++) {
  const { 0: constant, 1: name } = /** @type {typeof LEGACY[number]} */ (LEGACY[i])
  defineConstant(DOMException, constant, i + 1)
  if (name !== '') codes[name] = i + 1
}

/**
 * The one exception with a class of its own. It does not extend the other by `extends`, which would have `new` ask user code for the
 * constructor to call. Source: https://webidl.spec.whatwg.org/#quotaexceedederror
 */
export class QuotaExceededError {
  /** @param {unknown} [message] @param {{ quota?: number, requested?: number }} [options] */
  constructor (message = '', options) {
    const text = toText(message)
    const { quota, requested } = readOptions(options)
    if (quota !== null && requested !== null && requested < quota) throw new RangeErrorConstructor('Cannot make QuotaExceededError: requested is less than quota')
    const error = buildError(new.target, 'QuotaExceededError', text)
    weakMapSet(quotas, error, { quota, requested })
    return error
  }

  get quota () { return read(quotas, this, 'QuotaExceededError').quota }
  get requested () { return read(quotas, this, 'QuotaExceededError').requested }
}
ReflectSetPrototypeOf(QuotaExceededError, DOMException)
ReflectSetPrototypeOf(QuotaExceededError.prototype, DOMException.prototype)
shapeInterface(QuotaExceededError, 'QuotaExceededError', ['quota', 'requested'])

registerSerializable({
  is: (value) => weakMapGet(details, value) !== undefined,
  clone (error) {
    const { name, message } = read(details, error, 'DOMException')
    const quota = weakMapGet(quotas, error)
    const copy = buildError(quota === undefined ? DOMException : QuotaExceededError, name, message)
    if (quota !== undefined) weakMapSet(quotas, copy, quota)
    const stack = ownStack(error)
    if (stack !== undefined) defineHidden(copy, 'stack', stack)
    return copy
  },
})

/** @param {Function} newTarget @param {string} name @param {string} message @returns {any} */
function buildError (newTarget, name, message) {
  const error = ReflectConstruct(ErrorConstructor, [message], newTarget) // the stack takes the message from here
  ReflectDeleteProperty(error, 'message')
  weakMapSet(details, error, { name, message })
  return error
}

/**
 * @template T
 * @param {WeakMap<object, T>} map @param {object} error @param {string} name of the class @returns {T}
 */
function read (map, error, name) {
  const known = weakMapGet(map, error)
  if (known === undefined) throw useUnit('node-errors').buildCoded('ERR_INVALID_THIS', `Value of "this" must be of ${name}`)
  return known
}

/** Members in the order of Web IDL. @param {unknown} options */
function readOptions (options) {
  if (options === undefined || options === null) return { quota: null, requested: null }
  if (!isObject(options)) throw new TypeErrorConstructor('Cannot make QuotaExceededError: the options are not an object')
  const quota = toAmount(options['quota'], 'quota')
  return { quota, requested: toAmount(options['requested'], 'requested') }
}

/** @param {unknown} value @param {string} what */
function toAmount (value, what) {
  if (value === undefined) return null
  const amount = toDouble(value, what)
  if (amount < 0) throw new RangeErrorConstructor(`Cannot make QuotaExceededError: ${what} is negative`)
  return amount
}
