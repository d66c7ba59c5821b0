/** Ends a `switch` over a union: the compiler refuses it while a member is not handled. Throws a TypeError if one arrives all the same. */
export function unreachable (value: never): never {
  throw new TypeError(`Cannot handle unexpected value: ${JSON.stringify(value)}`)
}
