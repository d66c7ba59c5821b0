// @ts-check
import { useUnit } from '../units.js'

/** What digests ask of keys: there are no KeyObjects yet. Source: lib/internal/crypto/keys.js of Node. */
export const buildKeys = () => ({ isKeyObject: () => false, isCryptoKey: () => false, prepareSecretKey })

/** @param {unknown} key @param {string} [encoding] */
function prepareSecretKey (key, encoding) {
  const { loadLibrary } = useUnit('node-library')
  const { isArrayBufferView, isAnyArrayBuffer } = loadLibrary('internal/util/types')
  if (typeof key !== 'string' && !isArrayBufferView(key) && !isAnyArrayBuffer(key)) {
    const { ERR_INVALID_ARG_TYPE } = loadLibrary('internal/errors').codes
    throw new ERR_INVALID_ARG_TYPE('key', ['ArrayBuffer', 'Buffer', 'TypedArray', 'DataView', 'string', 'KeyObject', 'CryptoKey'], key)
  }
  return loadLibrary('internal/crypto/util').getArrayBufferOrView(key, 'key', encoding)
}
