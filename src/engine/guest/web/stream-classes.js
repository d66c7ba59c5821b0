// @ts-check
import * as streams from 'web-streams-polyfill'
import {
  AsyncIteratorPrototype, PromiseConstructor, ReflectApply, ReflectDefineProperty, ReflectDeleteProperty, ReflectGetPrototypeOf, ReflectOwnKeys, ReflectSetPrototypeOf,
  SymbolAsyncIterator, SymbolToStringTag, append, buildList,
} from '../intrinsics.js'
import { markMethods, markNative } from '../native-code.js'
import { shapeInterface } from '../webidl.js'

// Streams as a library has them. What user code does to the prototypes of the language may change what they do: for its own run, and
// with nothing in them but what user code may have anyway.

export const {
  ByteLengthQueuingStrategy, CountQueuingStrategy, ReadableByteStreamController, ReadableStream, ReadableStreamBYOBReader, ReadableStreamBYOBRequest,
  ReadableStreamDefaultController, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController, WritableStream,
  WritableStreamDefaultController, WritableStreamDefaultWriter,
} = streams

/**
 * What the library does not hand out of itself: its algorithms, and the symbols that it keeps its state by. See mended-packages.ts.
 * @type {{ state: Record<'disturbed' | 'readable' | 'writable' | 'backpressure' | 'backpressureChangePromise' | 'transformStreamController' | 'state' | 'storedError' | 'readableStreamController' | 'writableStreamController', symbol>, readWith: (reader: unknown, request: object) => void, teeWith: (stream: unknown, copy: (chunk: unknown) => unknown) => [any, any] }}
 */
export const { state, readWith, teeWith } = /** @type {any} */ (streams)

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

/** A method as it is now, whatever becomes of the prototype. @param {Function} constructor @param {string} name @returns {(self: unknown, ...args: unknown[]) => any} */
export function methodOf ({ prototype }, name) {
  const method = prototype[name]
  return (self, ...args) => ReflectApply(method, self, args)
}
export const getReader = methodOf(ReadableStream, 'getReader')
export const cancelReader = methodOf(ReadableStreamDefaultReader, 'cancel')

/** The next chunk; null at the end. Without a prototype: a promise asks what it is resolved with for `then`. @param {unknown} reader @returns {Promise<{ value: any } | null>} */
export function readChunk (reader) {
  return new PromiseConstructor((/** @type {(chunk: { value: unknown } | null) => void} */ resolve, /** @type {(reason: unknown) => void} */ reject) => {
    readWith(reader, {
      _chunkSteps: (/** @type {unknown} */ value) => resolve(/** @type {any} */ ({ __proto__: null, value })),
      _closeSteps: () => resolve(null),
      _errorSteps: reject,
    })
  })
}
