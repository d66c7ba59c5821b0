// @ts-check
import * as streams from 'web-streams-polyfill'
import {
  AsyncIteratorPrototype, PromiseConstructor, ReflectApply, ReflectDefineProperty, ReflectDeleteProperty, ReflectGetOwnPropertyDescriptor, ReflectGetPrototypeOf,
  ReflectOwnKeys, ReflectSetPrototypeOf, SymbolAsyncIterator, SymbolToStringTag, TypeErrorConstructor, Uint8ArrayConstructor, append, buildList, safe, typedArrayKind,
} from '../intrinsics.js'
import { bytesToText, textToBuffer, viewBytes } from '../bytes.js'
import { markMethods, markNative } from '../native-code.js'
import { useUnit } from '../units.js'
import { isObject, shapeInterface } from '../webidl.js'

// Streams as a library has them. What user code does to the prototypes of the language may change what they do: for its own run, and
// with nothing in them but what user code may have anyway. Bodies that are read whole, by text() and its like, never come here.

export const {
  ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
  ReadableStreamDefaultController, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController, WritableStream,
  WritableStreamDefaultController, WritableStreamDefaultWriter,
} = streams

/**
 * What the library does not hand out of itself: its algorithms, and the symbols that it keeps its state by. See mended-packages.ts.
 * @type {{ state: Record<'disturbed' | 'readable' | 'writable' | 'backpressure' | 'backpressureChangePromise' | 'transformStreamController', symbol>, readWith: (reader: unknown, request: object) => void, teeWith: (stream: unknown, copy: (chunk: unknown) => unknown) => [any, any] }}
 */
const { state, readWith, teeWith } = /** @type {any} */ (streams)

/** @type {Record<string, any>} */
const CLASSES = /** @type {any} */ ({
  __proto__: null, ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
  ReadableStreamDefaultController, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController, WritableStream,
  WritableStreamDefaultController, WritableStreamDefaultWriter,
})
ReflectDeleteProperty(WritableStreamDefaultController.prototype, 'abortReason') // in no standard
for (const name in CLASSES) shape(name, CLASSES[name])
shapeIterator()
markNative(new ByteLengthQueuingStrategy({ highWaterMark: 0 }).size)
markNative(new CountQueuingStrategy({ highWaterMark: 0 }).size)

/** @param {string} name @param {any} constructor */
function shape (name, constructor) {
  const members = buildList()
  const keys = ReflectOwnKeys(constructor.prototype)
  for (let i = 0; i < keys.length; i++) if (typeof keys[i] === 'string' && keys[i] !== 'constructor') append(members, keys[i])
  shapeInterface(constructor, name, members, name === 'ReadableStream' ? ['from'] : [])
}

/** Source: https://webidl.spec.whatwg.org/#es-asynchronous-iterator-prototype-object */
function shapeIterator () {
  const prototype = ReflectGetPrototypeOf(ReflectApply(ReadableStream.prototype.values, new ReadableStream(), []))
  ReflectDeleteProperty(/** @type {object} */ (prototype), SymbolAsyncIterator)
  ReflectSetPrototypeOf(/** @type {object} */ (prototype), AsyncIteratorPrototype)
  ReflectDefineProperty(/** @type {object} */ (prototype), SymbolToStringTag, /** @type {any} */ ({ __proto__: null, value: 'ReadableStream AsyncIterator', writable: false, enumerable: false, configurable: true }))
  markMethods(/** @type {object} */ (prototype))
}

/** @param {Function} constructor @param {string} name @returns {(self: unknown, ...args: unknown[]) => any} */
function methodOf ({ prototype }, name) {
  const method = prototype[name]
  return (self, ...args) => ReflectApply(method, self, args)
}
const getReader = methodOf(ReadableStream, 'getReader')
const cancelReader = methodOf(ReadableStreamDefaultReader, 'cancel')
const enqueue = methodOf(ReadableByteStreamController, 'enqueue')
const fail = methodOf(ReadableByteStreamController, 'error')
const close = methodOf(ReadableByteStreamController, 'close')
const getLocked = /** @type {() => boolean} */ (ReflectGetOwnPropertyDescriptor(ReadableStream.prototype, 'locked')?.get)
const getRequest = /** @type {() => any} */ (ReflectGetOwnPropertyDescriptor(ReadableByteStreamController.prototype, 'byobRequest')?.get)
const respond = methodOf(ReadableStreamBYOBRequest, 'respond')
const enqueueTransformed = methodOf(TransformStreamDefaultController, 'enqueue')

/**
 * Where the bytes of a body come from: one character each, null at their end. `watch` is told when nothing comes any more before somebody reads.
 * @typedef {{ read: () => Promise<string | null>, cancel: (reason: unknown) => void, watch: ((fail: (reason: unknown) => void) => void) | null }} Source
 */

/** @param {unknown} value */
export function isStream (value) {
  try {
    return isObject(value) && typeof ReflectApply(getLocked, value, []) === 'boolean'
  } catch {
    return false
  }
}

/** @param {unknown} stream @returns {boolean} */
export const isLocked = (stream) => ReflectApply(getLocked, stream, [])

/** Somebody read from it or canceled it. @param {any} stream @returns {boolean} */
export const isDisturbed = (stream) => !!stream[state.disturbed]

/** A byte stream that asks for the next part when somebody reads, and not before. @param {Source} source */
export function buildStream (source) {
  return new ReadableStream(/** @type {any} */ ({
    __proto__: null,
    type: 'bytes',
    /** @param {any} controller */
    start (controller) { source.watch?.((reason) => fail(controller, reason)) },
    /** @param {any} controller */
    async pull (controller) {
      let part = await safe(source.read())
      while (part === '') part = await safe(source.read())
      if (part !== null) return enqueue(controller, new Uint8ArrayConstructor(textToBuffer(part)))
      close(controller)
      const request = ReflectApply(getRequest, controller, [])
      if (request !== null) respond(request, 0)
    },
    /** @param {unknown} reason */
    cancel (reason) { source.cancel(reason) },
  }), /** @type {any} */ ({ __proto__: null, highWaterMark: 0 }))
}

/** The stream of a body that was read whole: closed, and locked by who read it. */
export function buildSpentStream () {
  const stream = buildStream({ read: async () => null, cancel () {}, watch: null })
  void cancelReader(getReader(stream))
  return stream
}

/** Two streams of what is in one; the chunks of the second are copies. @param {unknown} stream @returns {[any, any]} */
export const tee = (stream) => teeWith(stream, copyChunk)

/** @param {any} chunk */
function copyChunk (chunk) {
  return isBytes(chunk) ? new Uint8ArrayConstructor(viewBytes(chunk)) : useUnit('clone').cloneAndTransfer(chunk, buildList()).value
}

/** Locks a stream and reads it. `read` rejects with a TypeError for a chunk that is not bytes. @param {unknown} stream @returns {Source} */
export function readStream (stream) {
  const reader = getReader(stream)
  return {
    async read () {
      const chunk = await safe(readChunk(reader))
      if (chunk === null) return null
      if (!isBytes(chunk.value)) throw new TypeErrorConstructor('Cannot read body: a chunk of its stream is not a Uint8Array')
      return bytesToText(chunk.value)
    },
    cancel (reason) {
      void forget(cancelReader(reader, reason))
    },
    watch: null,
  }
}

/** Without a prototype: a promise asks what it is resolved with for `then`. @param {unknown} reader @returns {Promise<{ value: any } | null>} */
function readChunk (reader) {
  return new PromiseConstructor((/** @type {(chunk: { value: unknown } | null) => void} */ resolve, /** @type {(reason: unknown) => void} */ reject) => {
    readWith(reader, {
      _chunkSteps: (/** @type {unknown} */ value) => resolve(/** @type {any} */ ({ __proto__: null, value })),
      _closeSteps: () => resolve(null),
      _errorSteps: reject,
    })
  })
}

/** @param {unknown} value */
function isBytes (value) {
  return isObject(value) && typedArrayKind(value) === 'Uint8Array'
}

/** Nobody waits for it, and nobody has to hear of its failure. @param {Promise<unknown>} promise */
export async function forget (promise) {
  try {
    await safe(promise)
  } catch {}
}

/**
 * @typedef {(chunk: unknown) => void} Enqueue
 * @typedef {() => Promise<unknown>} Room resolves when somebody reads, or when nobody ever will
 */

/**
 * The two ends of what the platform makes chunks of chunks with. A transformer that makes several of one waits for `room` before each but the first.
 * Source: https://streams.spec.whatwg.org/#transformstream-set-up
 * @param {{ transform: (chunk: unknown, enqueue: Enqueue, room: Room) => unknown, flush: (enqueue: Enqueue, room: Room) => unknown, cancel?: () => void }} transformer
 * @returns {{ readable: unknown, writable: unknown }}
 */
export function createTransform ({ transform, flush, cancel }) {
  /** @type {any} */
  let controller
  const enqueue = (/** @type {unknown} */ chunk) => enqueueTransformed(controller, chunk)
  const room = async () => {
    if (stream[state.backpressure]) await safe(stream[state.backpressureChangePromise])
  }
  /** @type {any} */
  const stream = new TransformStream(/** @type {any} */ ({
    __proto__: null,
    /** @param {unknown} its */
    start (its) { controller = its },
    /** @param {unknown} chunk */
    transform (chunk) { return transform(chunk, enqueue, room) },
    flush () { return flush(enqueue, room) },
    cancel,
  }))
  return { readable: stream[state.readable], writable: stream[state.writable] }
}
