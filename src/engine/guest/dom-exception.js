// @ts-check
import {
  ErrorConstructor, ErrorPrototype, ObjectCreate, RangeErrorConstructor, ReflectConstruct, ReflectDeleteProperty, ReflectSetPrototypeOf, TypeErrorConstructor,
} from './intrinsics.js'
import { defineConstant, exposeInterface, isObject, shapeInterface, toDouble, toText } from './webidl.js'

/** The names that once had a number, by it. Source: https://webidl.spec.whatwg.org/#dfn-error-names-table */
const LEGACY = [
  ['INDEX_SIZE_ERR', 'IndexSizeError'], ['DOMSTRING_SIZE_ERR'], ['HIERARCHY_REQUEST_ERR', 'HierarchyRequestError'],
  ['WRONG_DOCUMENT_ERR', 'WrongDocumentError'], ['INVALID_CHARACTER_ERR', 'InvalidCharacterError'], ['NO_DATA_ALLOWED_ERR'],
  ['NO_MODIFICATION_ALLOWED_ERR', 'NoModificationAllowedError'], ['NOT_FOUND_ERR', 'NotFoundError'], ['NOT_SUPPORTED_ERR', 'NotSupportedError'],
  ['INUSE_ATTRIBUTE_ERR', 'InUseAttributeError'], ['INVALID_STATE_ERR', 'InvalidStateError'], ['SYNTAX_ERR', 'SyntaxError'],
  ['INVALID_MODIFICATION_ERR', 'InvalidModificationError'], ['NAMESPACE_ERR', 'NamespaceError'], ['INVALID_ACCESS_ERR', 'InvalidAccessError'],
  ['VALIDATION_ERR'], ['TYPE_MISMATCH_ERR', 'TypeMismatchError'], ['SECURITY_ERR', 'SecurityError'], ['NETWORK_ERR', 'NetworkError'],
  ['ABORT_ERR', 'AbortError'], ['URL_MISMATCH_ERR', 'URLMismatchError'], ['QUOTA_EXCEEDED_ERR', 'QuotaExceededError'],
  ['TIMEOUT_ERR', 'TimeoutError'], ['INVALID_NODE_TYPE_ERR', 'InvalidNodeTypeError'], ['DATA_CLONE_ERR', 'DataCloneError'],
]

/** A base class whose constructor answers what it is given, so that the class after it can put private members on any object. */
const given = /** @type {new (object: object) => object} */ (/** @type {unknown} */ (function (/** @type {object} */ object) { return object }))

/** What a DOMException knows, out of reach of user code. */
class Details extends given {
  #name
  #message

  /** @param {object} error @param {string} name @param {string} message */
  constructor (error, name, message) {
    super(error)
    this.#name = name
    this.#message = message
  }

  /** @param {any} error @returns {string} */
  static nameOf (error) { return error.#name }
  /** @param {any} error @returns {string} */
  static messageOf (error) { return error.#message }
}

/** What a QuotaExceededError knows besides. */
class QuotaDetails extends given {
  #quota
  #requested

  /** @param {object} error @param {number | null} quota @param {number | null} requested */
  constructor (error, quota, requested) {
    super(error)
    this.#quota = quota
    this.#requested = requested
  }

  /** @param {any} error @returns {number | null} */
  static quotaOf (error) { return error.#quota }
  /** @param {any} error @returns {number | null} */
  static requestedOf (error) { return error.#requested }
}

/** @type {Record<string, number>} */
const codes = ObjectCreate(null)

/** DOMException as Web IDL has it: a real Error, so that it has a stack, whose name and message are read through its prototype. */
export class DOMException {
  constructor (message = '', name = 'Error') {
    const text = toText(message)
    return buildError(new.target, toText(name), text)
  }

  get name () { return Details.nameOf(this) }
  get message () { return Details.messageOf(this) }
  get code () { return codes[Details.nameOf(this)] ?? 0 }
}
ReflectSetPrototypeOf(DOMException.prototype, ErrorPrototype)
shapeInterface(DOMException, ['name', 'message', 'code'])
for (let i = 0; i < LEGACY.length; i++) {
  const [constant, name] = /** @type {string[]} */ (LEGACY[i])
  defineConstant(DOMException, /** @type {string} */ (constant), i + 1)
  if (name !== undefined) codes[name] = i + 1
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
    new QuotaDetails(error, quota, requested)
    return error
  }

  get quota () { return QuotaDetails.quotaOf(this) }
  get requested () { return QuotaDetails.requestedOf(this) }
}
ReflectSetPrototypeOf(QuotaExceededError, DOMException)
ReflectSetPrototypeOf(QuotaExceededError.prototype, DOMException.prototype)
shapeInterface(QuotaExceededError, ['quota', 'requested'])

/** @param {Function} newTarget @param {string} name @param {string} message @returns {any} */
function buildError (newTarget, name, message) {
  const error = ReflectConstruct(ErrorConstructor, [message], newTarget) // the stack takes the message from here
  ReflectDeleteProperty(error, 'message')
  new Details(error, name, message)
  return error
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

/** Puts both on the global object. */
export function installDomException () {
  exposeInterface(DOMException)
  exposeInterface(QuotaExceededError)
}
