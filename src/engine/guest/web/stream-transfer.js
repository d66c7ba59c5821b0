// @ts-check
import { ReflectApply, ReflectGetOwnPropertyDescriptor, buildList, safe } from '../intrinsics.js'
import { registerTransferable } from '../serializable.js'
import { useUnit } from '../units.js'
import {
  ReadableStream, ReadableStreamDefaultController, TransformStream, WritableStream, WritableStreamDefaultWriter, cancelReader, getReader, methodOf, readChunk, state,
} from './stream-classes.js'

// Streams that go to another owner: the old one is locked for good, and chunks and reasons are cloned on their way, as between two realms.
// Source: https://streams.spec.whatwg.org/#transferrable-streams

const getWriter = methodOf(WritableStream, 'getWriter')
const write = methodOf(WritableStreamDefaultWriter, 'write')
const closeWriter = methodOf(WritableStreamDefaultWriter, 'close')
const abortWriter = methodOf(WritableStreamDefaultWriter, 'abort')
const enqueue = methodOf(ReadableStreamDefaultController, 'enqueue')
const close = methodOf(ReadableStreamDefaultController, 'close')
const isReadableLocked = readerOf(ReadableStream, 'locked')
const isWritableLocked = readerOf(WritableStream, 'locked')
const readableOf = readerOf(TransformStream, 'readable')
const writableOf = readerOf(TransformStream, 'writable')

/** Tells who clones and transfers of the three classes. What is locked cannot be transferred. */
export function registerTransfers () {
  registerTransferable({ is: (value) => succeeds(isReadableLocked, value), isDetached: isReadableLocked, transfer: moveReadable })
  registerTransferable({ is: (value) => succeeds(isWritableLocked, value), isDetached: isWritableLocked, transfer: moveWritable })
  registerTransferable({
    is: (value) => succeeds(readableOf, value),
    isDetached: (stream) => isReadableLocked(readableOf(stream)) || isWritableLocked(writableOf(stream)),
    transfer: moveTransform,
  })
}

/** @param {Function} constructor @param {string} name @returns {(self: unknown) => any} */
function readerOf ({ prototype }, name) {
  const getter = /** @type {Function} */ (ReflectGetOwnPropertyDescriptor(prototype, name)?.get)
  return (self) => ReflectApply(getter, self, [])
}

/** @param {(value: object) => unknown} read @param {object} value */
function succeeds (read, value) {
  try {
    read(value)
    return true
  } catch {
    return false
  }
}

/** @param {unknown} value */
const clone = (value) => useUnit('clone').cloneAndTransfer(value, buildList()).value

/** @param {object} stream */
function moveReadable (stream) {
  const reader = getReader(stream)
  return new ReadableStream(/** @type {any} */ ({
    __proto__: null,
    /** @param {unknown} controller */
    async pull (controller) {
      const chunk = await safe(readChunk(reader))
      if (chunk === null) return close(controller)
      try {
        enqueue(controller, clone(chunk.value))
      } catch (error) {
        void swallow(cancelReader(reader, error))
        throw error
      }
    },
    /** @param {unknown} reason */
    cancel: (reason) => cancelReader(reader, clone(reason)),
  }), /** @type {any} */ ({ __proto__: null, highWaterMark: 0 }))
}

/** @param {object} stream */
function moveWritable (stream) {
  const writer = getWriter(stream)
  return new WritableStream(/** @type {any} */ ({
    __proto__: null,
    /** @param {unknown} chunk */
    async write (chunk) {
      try {
        chunk = clone(chunk)
      } catch (error) {
        void swallow(abortWriter(writer, error))
        throw error
      }
      await safe(write(writer, chunk))
    },
    close: () => closeWriter(writer),
    /** @param {unknown} reason */
    abort: (reason) => abortWriter(writer, clone(reason)),
  }))
}

/** @param {object} stream */
function moveTransform (stream) {
  const readable = moveReadable(readableOf(stream))
  const writable = moveWritable(writableOf(stream))
  /** @type {any} */
  const moved = new TransformStream()
  moved[state.readable] = readable
  moved[state.writable] = writable
  return moved
}

/** @param {Promise<unknown>} promise */
async function swallow (promise) {
  try {
    await safe(promise)
  } catch {}
}
