// @ts-check
import { PromiseConstructor, ReflectDefineProperty, SymbolFor, WeakMapConstructor, defineHidden, weakMapGet, weakMapSet } from '../intrinsics.js'
import { ReadableByteStreamController, ReadableStream, ReadableStreamDefaultController, WritableStream, WritableStreamDefaultController, methodOf, state } from './stream-classes.js'

// What Node's own streams ask of those of the web, by symbols that are known everywhere. Source: lib/internal/streams/utils.js of Node

const failDefault = methodOf(ReadableStreamDefaultController, 'error')
const failBytes = methodOf(ReadableByteStreamController, 'error')
const failWritable = methodOf(WritableStreamDefaultController, 'error')

/** What each stream ends with that was asked for it. @type {WeakMap<object, { promise: Promise<void> }>} */
const ends = new WeakMapConstructor()

/** Has every stream answer Node's. */
export function signStreams () {
  for (const { prototype } of [ReadableStream, WritableStream]) {
    sign(prototype, 'nodejs.stream.errored', (stream) => stream[state.state] === 'errored')
    sign(prototype, 'nodejs.webstream.isClosedPromise', watchEnd)
  }
  sign(ReadableStream.prototype, 'nodejs.stream.disturbed', (stream) => stream[state.disturbed])
  sign(ReadableStream.prototype, 'nodejs.stream.readable', (stream) => stream[state.state] === 'readable')
  sign(WritableStream.prototype, 'nodejs.stream.writable', (stream) => stream[state.state] === 'writable')
  const fails = SymbolFor('nodejs.webstream.controllerErrorFunction')
  defineHidden(ReadableStream.prototype, fails, /** @this {any} @param {unknown} reason */ function (reason) {
    const controller = this[state.readableStreamController]
    if (controller instanceof ReadableByteStreamController) failBytes(controller, reason)
    else failDefault(controller, reason)
  })
  defineHidden(WritableStream.prototype, fails, /** @this {any} @param {unknown} reason */ function (reason) { failWritable(this[state.writableStreamController], reason) })
}

/** @param {object} prototype @param {string} name @param {(stream: any) => unknown} read */
function sign (prototype, name, read) {
  ReflectDefineProperty(prototype, SymbolFor(name), /** @type {any} */ ({ __proto__: null, /** @this {any} */ get () { return read(this) }, enumerable: false, configurable: true }))
}

/** What becomes of a stream, without a lock on it: its state is told when it changes. @param {any} stream */
function watchEnd (stream) {
  const known = weakMapGet(ends, stream)
  if (known !== undefined) return known
  let now = stream[state.state]
  /** @type {(outcome: Promise<void> | void) => void} */
  let resolve = () => {}
  const promise = new PromiseConstructor((/** @type {typeof resolve} */ settle) => { resolve = settle })
  const tell = () => {
    if (now === 'closed') resolve()
    else if (now === 'errored') resolve(failAs(stream))
  }
  ReflectDefineProperty(stream, state.state, /** @type {any} */ ({ __proto__: null, get: () => now, set (/** @type {string} */ next) { now = next; tell() }, enumerable: false, configurable: true }))
  tell()
  const end = { promise }
  weakMapSet(ends, stream, end)
  return end
}

/** The reason is there right after the state is. @param {any} stream */
async function failAs (stream) {
  await undefined
  throw stream[state.storedError]
}
