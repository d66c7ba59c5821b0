// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const types = loadLibrary('util/types')

export default types
export const {
  isArgumentsObject, isArrayBuffer, isAsyncFunction, isBigIntObject, isBooleanObject, isDate, isExternal, isGeneratorFunction, isGeneratorObject,
  isMap, isMapIterator, isModuleNamespaceObject, isNativeError, isNumberObject, isPromise, isProxy, isRegExp, isSet, isSetIterator,
  isSharedArrayBuffer, isStringObject, isSymbolObject, isWeakMap, isWeakSet, isAnyArrayBuffer, isBoxedPrimitive, isArrayBufferView, isDataView,
  isTypedArray, isUint8Array, isUint8ClampedArray, isUint16Array, isUint32Array, isInt8Array, isInt16Array, isInt32Array, isFloat16Array,
  isFloat32Array, isFloat64Array, isBigInt64Array, isBigUint64Array, isKeyObject, isCryptoKey,
} = types
