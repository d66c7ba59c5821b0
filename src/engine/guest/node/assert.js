// @ts-check
import { loadLibrary } from '../web/node-library.js'

const assert = loadLibrary('assert')

export default assert
export const {
  AssertionError, ok, fail, equal, notEqual, deepEqual, notDeepEqual, deepStrictEqual, notDeepStrictEqual, strictEqual, notStrictEqual,
  partialDeepStrictEqual, match, doesNotMatch, throws, rejects, doesNotThrow, doesNotReject, ifError, strict, Assert,
} = assert
