// @ts-check
import { ObjectCreate, TypeErrorConstructor } from '../../engine/guest/intrinsics.js'
import { DOMException, QuotaExceededError } from '../../engine/guest/web/dom-exception.js'
import { buildWords } from '../../engine/guest/webidl.js'

const NAMES = buildWords(['DataError', 'InvalidAccessError', 'NotSupportedError', 'OperationError', 'SyntaxError'])

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
