// @ts-check
import { ObjectCreate, TypeErrorConstructor } from '../../engine/guest/intrinsics.js'

/** The guest's own, as they are before user code: this script is another than the guest's, and a class made here would be another one. */
const { DOMException, QuotaExceededError } = /** @type {any} */ (globalThis)

const NAMES = ObjectCreate(null)
for (const name of ['DataError', 'InvalidAccessError', 'NotSupportedError', 'OperationError', 'SyntaxError']) NAMES[name] = true

/** @param {string} name @param {string} message @returns {never} */
export function fail (name, message) {
  throw new DOMException(message, name)
}

/** @param {string} message @param {number} quota @param {number} requested @returns {never} */
export function failQuota (message, quota, requested) {
  const amounts = ObjectCreate(null)
  amounts.quota = quota
  amounts.requested = requested
  throw new QuotaExceededError(message, amounts)
}

/** What the native failed with, in the classes of the standard. An error of another name is none of the native's. @param {any} error */
export function toStandardError (error) {
  const { name, message } = error
  if (name === 'TypeError') return new TypeErrorConstructor(message)
  if (name === 'QuotaExceededError') return new QuotaExceededError(message)
  return name in NAMES ? new DOMException(message, name) : error
}
