// @ts-check
import { useUnit } from '../units.js'

// What Node's library asks of Node's own web classes, answered with those that the sandbox has.

/** Answers exports of a unit under the names that the library knows, loading the unit when one is looked at. @param {string} unit @param {readonly string[]} names */
function lazily (unit, names) {
  const exports = {}
  for (const name of names) Object.defineProperty(exports, name, { get: () => useUnit(unit)[name], enumerable: true })
  return exports
}

/** Source: lib/internal/abort_controller.js of Node @param {(id: string) => any} loadLibrary */
export function buildAbortController (loadLibrary) {
  const { ERR_INVALID_ARG_TYPE } = loadLibrary('internal/errors').codes
  const { kValidateObjectAllowObjects, validateObject } = loadLibrary('internal/validators')

  /** @param {any} signal @param {unknown} resource it would let go of the promise when it is lost */
  async function aborted (signal, resource) {
    if (!isSignal(signal)) throw Object.assign(new TypeError('signal is not of type AbortSignal.'), { code: 'ERR_INVALID_ARG_TYPE' })
    validateObject(resource, 'resource', kValidateObjectAllowObjects)
    if (!signal.aborted) return new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
  }

  /** Every signal can be transferred. @param {unknown} signal */
  function transferableAbortSignal (signal) {
    if (!isSignal(signal)) throw new ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal)
    return signal
  }
  return {
    get AbortController () { return useUnit('abort').AbortController },
    get AbortSignal () { return useUnit('abort').AbortSignal },
    aborted,
    transferableAbortSignal,
    transferableAbortController: function transferableAbortController () { return new (useUnit('abort').AbortController)() },
  }
}

/** @param {unknown} value */
const isSignal = (value) => value instanceof useUnit('abort').AbortSignal

export const buildEventTarget = () => ({
  isEventTarget: (/** @type {unknown} */ value) => value instanceof useUnit('events').EventTarget,
  get EventTarget () { return useUnit('events').EventTarget },
  get Event () { return useUnit('events').Event },
  kResistStopPropagation: Symbol('resistStopPropagation'),
  kWeakHandler: Symbol('weak'),
  /** @param {object} target @param {unknown} type @returns {unknown[]} */
  listCallbacks: (target, type) => useUnit('events').listCallbacks(target, `${type}`),
  /** Of one that was told no other. @param {unknown} target @param {number} usual */
  readMaxListeners: (target, usual) => isSignal(target) ? 0 : usual,
})

export const buildBlob = () => merge(lazily('blob', ['Blob', 'File', 'resolveObjectURL']), { isBlob: (/** @type {unknown} */ value) => value instanceof useUnit('blob').Blob })
export const buildEncoding = () => lazily('encoding', ['TextDecoder', 'TextEncoder'])

/** Source: lib/stream/web.js of Node. @param {(id: string) => any} loadLibrary */
export function buildWebStreams (loadLibrary) {
  const { ERR_INVALID_ARG_TYPE } = loadLibrary('internal/errors').codes
  const { validateBoolean } = loadLibrary('internal/validators')
  const streams = useUnit('streams')

  /** @param {any} stream @param {boolean} [cloneForBranch2] */
  function ReadableStreamTee (stream, cloneForBranch2 = false) {
    if (!(stream instanceof streams.ReadableStream)) throw new ERR_INVALID_ARG_TYPE('stream', 'ReadableStream', stream)
    validateBoolean(cloneForBranch2, 'cloneForBranch2')
    return stream.tee()
  }
  return merge(
    lazily('streams', ['ReadableStream']), { ReadableStreamTee },
    lazily('streams', [
      'ReadableStreamDefaultReader', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest', 'ReadableByteStreamController', 'ReadableStreamDefaultController', 'TransformStream',
      'TransformStreamDefaultController', 'WritableStream', 'WritableStreamDefaultWriter', 'WritableStreamDefaultController', 'ByteLengthQueuingStrategy', 'CountQueuingStrategy',
    ]),
    lazily('text-streams', ['TextEncoderStream', 'TextDecoderStream']), lazily('compression', ['CompressionStream', 'DecompressionStream']),
  )
}

const isAny = (/** @type {string} */ name) => (/** @type {unknown} */ value) => value instanceof useUnit('streams')[name]
const [kChunk, kClose, kError] = [Symbol('chunk'), Symbol('close'), Symbol('error')]

export const buildReadableWebStreams = () => ({
  get ReadableStream () { return useUnit('streams').ReadableStream },
  isReadableStream: isAny('ReadableStream'),
  kChunk,
  kClose,
  kError,
  /** @param {unknown} reader @param {any} request */
  readableStreamDefaultReaderRead (reader, request) {
    useUnit('streams').readWith(reader, { _chunkSteps: (/** @type {unknown} */ chunk) => request[kChunk](chunk), _closeSteps: () => request[kClose](), _errorSteps: (/** @type {unknown} */ reason) => request[kError](reason) })
  },
})

export const buildWritableWebStreams = () => ({
  get WritableStream () { return useUnit('streams').WritableStream },
  isWritableStream: isAny('WritableStream'),
  /** @param {WritableStreamDefaultWriter} writer @param {unknown} chunk @param {{ pending: number, resolve: () => void, reject: (reason: unknown) => void }} request */
  writableStreamDefaultWriterWriteWithRequest (writer, chunk, request) {
    request.pending++
    writer.write(chunk).then(() => request.resolve(), (reason) => request.reject(reason))
  },
})

/** @param {object[]} parts each with members that are made when they are looked at */
const merge = (...parts) => Object.defineProperties({}, Object.assign({}, ...parts.map((part) => Object.getOwnPropertyDescriptors(part))))

/** What of `perf_hooks` has a meaning where there is one run and its clock. @param {(id: string) => any} loadLibrary */
export function buildPerfHooks (loadLibrary) {
  const { validateFunction } = loadLibrary('internal/validators')
  const { Performance, performance } = useUnit('performance')

  /** @param {Function} fn */
  function timerify (fn) {
    validateFunction(fn, 'fn')
    return fn
  }
  return { Performance, eventLoopUtilization: function eventLoopUtilization () { return { idle: 0, active: 0, utilization: 0 } }, timerify, performance, constants: {} }
}
