// @ts-check
import { loadLibrary } from '../web/node-library.js'

const util = loadLibrary('util')

export default util
export const {
  callbackify, debug, debuglog, deprecate, format, styleText, formatWithOptions, getSystemErrorMap, getSystemErrorName, getSystemErrorMessage,
  inherits, inspect, isArray, isDeepStrictEqual, markPromiseAsHandled, promisify, stripVTControlCharacters, toUSVString, aborted, types, parseEnv,
  parseArgs, TextDecoder, TextEncoder, MIMEType, MIMEParams, diff, convertProcessSignalToExitCode, debounce, getCallSites, setTraceSigInt, throttle,
  transferableAbortController, transferableAbortSignal,
} = util
