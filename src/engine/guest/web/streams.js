// @ts-check
import { ReflectApply, ReflectGetOwnPropertyDescriptor, TypeErrorConstructor, Uint8ArrayConstructor, buildList, safe, typedArrayKind } from '../intrinsics.js'
import { bytesToText, textToBuffer, viewBytes } from '../bytes.js'
import { useUnit } from '../units.js'
import { isObject } from '../webidl.js'
import {
  ReadableByteStreamController, ReadableStream, ReadableStreamBYOBRequest, TransformStream, TransformStreamDefaultController, cancelReader, getReader, methodOf,
  readChunk, state, teeWith,
} from './stream-classes.js'
import { signStreams } from './stream-signs.js'
import { registerTransfers } from './stream-transfer.js'

export {
  ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
  ReadableStreamDefaultController, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController, WritableStream,
  WritableStreamDefaultController, WritableStreamDefaultWriter, readWith,
} from './stream-classes.js'

// What the platform does with streams. Bodies that are read whole, by text() and its like, never come here.

registerTransfers()
signStreams()

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

/** What most code does with them. */
export function rehearse () {
  const { readable, writable } = new TransformStream()
  void readChunk(getReader(readable))
  void writable.getWriter().write(1)
  void new ReadableStream({ start (controller) { controller.enqueue(1) } }).values().next()
}
