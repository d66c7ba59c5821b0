// @ts-check

/**
 * Makes an error as Node's C++ throws it: with a code, which its name and stack do not show.
 * @template {ErrorConstructor} E
 * @param {E} Kind @param {string} code @param {string} message
 */
export function buildFailure (Kind, code, message) {
  const error = new Kind(message)
  Object.defineProperty(error, 'code', { value: code, enumerable: true, writable: true, configurable: true })
  return error
}
