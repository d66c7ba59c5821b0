// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const strictAssert = loadLibrary('assert/strict')

export default strictAssert
export const {
  AssertionError, ok, fail, equal, notEqual, deepEqual, notDeepEqual, deepStrictEqual, notDeepStrictEqual, strictEqual, notStrictEqual,
  partialDeepStrictEqual, match, doesNotMatch, throws, rejects, doesNotThrow, doesNotReject, ifError, Assert, strict,
} = strictAssert
