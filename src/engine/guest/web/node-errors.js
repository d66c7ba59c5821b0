// @ts-check
import { TypeErrorConstructor, defineHidden, defineValue, ownStack, stringSlice } from '../intrinsics.js'
import { useUnit } from '../units.js'

// Errors of classes that Node has itself, with its codes and in its words. Linked when one is first thrown.

/** As those of Node's C++, whose stacks do not show the code. @param {string} code @param {string} message */
export function buildCoded (code, message) {
  const error = new TypeErrorConstructor(message)
  defineValue(error, 'code', code)
  return error
}

/** As those of Node's library. @param {string} code @param {string} message */
export const buildShown = (code, message) => showCode(buildCoded(code, message), code)

/** @param {TypeError} error @param {string} code */
function showCode (error, code) {
  const stack = ownStack(error)
  if (stack !== undefined) defineHidden(error, 'stack', `${NAME} [${code}]${stringSlice(stack, NAME.length)}`)
  return error
}
const NAME = 'TypeError'

/** @param {string} name of the class that a method belongs to */
export const buildInvalidThis = (name) => buildShown('ERR_INVALID_THIS', `Value of "this" must be of type ${name}`)

/** @param {string} first @param {string} [second] names of arguments that have to be given */
export const buildMissing = (first, second = undefined) => buildShown('ERR_MISSING_ARGS', second === undefined ? `The "${first}" argument must be specified` : `The "${first}" and "${second}" arguments must be specified`)

/** Tells what was given instead. @param {string} argument @param {string} expected @param {unknown} value @returns {TypeError} */
export const buildInvalidType = (argument, expected, value) => new (loadLibrary('internal/errors').codes.ERR_INVALID_ARG_TYPE)(argument, expected, value)

/** @param {string} argument @param {unknown} value @returns {TypeError} */
export const buildInvalidValue = (argument, value) => new (loadLibrary('internal/errors').codes.ERR_INVALID_ARG_VALUE)(argument, value)

/** @param {string} input @param {string | undefined} base */
export function buildInvalidUrl (input, base) {
  const error = buildCoded('ERR_INVALID_URL', 'Invalid URL')
  defineValue(error, 'input', input)
  if (base !== undefined) defineValue(error, 'base', base)
  return error
}

/** Of what is set. @param {string} input */
export const buildInvalidHref = (input) => showCode(buildInvalidUrl(input, undefined), 'ERR_INVALID_URL')

/** @param {string} id @returns {any} */
const loadLibrary = (id) => useUnit('node-library').loadLibrary(id)
