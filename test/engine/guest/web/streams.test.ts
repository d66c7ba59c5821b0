import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { evaluate, failureOf, resultOf } = await openGuest()

/** A stream of numbers that tells what it is asked for. */
const HELPERS = `
const collect = async (stream) => { const list = []; for await (const chunk of stream) list.push(chunk); return list }
const nameOf = (promise) => promise.then((value) => value, (error) => error?.name ?? error)
const told = []
const count = (to, more = {}) => new ReadableStream({ start () { this.at = 0 }, pull (controller) { told.push('pull'); if (++this.at > to) controller.close(); else controller.enqueue(this.at) }, cancel (reason) { told.push('cancel ' + reason) }, ...more }, { highWaterMark: 0 })
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
`
const ask = (body: string): Promise<unknown> => resultOf(`${HELPERS} export default async () => { ${body} }`)

test('streams are read by readers, by iteration and from whatever can be iterated', async () => {
  const answer = await ask(`
    const reader = count(2).getReader()
    const read = [await reader.read(), await reader.read(), await reader.read()]
    const iterated = await collect(count(3))
    async function * generate () { yield 1; yield 2 }
    return { read, iterated, from: [await collect(ReadableStream.from([1, 2])), await collect(ReadableStream.from(generate())), await collect(ReadableStream.from('ab')), await collect(ReadableStream.from(count(2)))] }`)

  assert.deepEqual(answer, {
    read: [{ value: 1, done: false }, { value: 2, done: false }, { done: true }], iterated: [1, 2, 3], from: [[1, 2], [1, 2], ['a', 'b'], [1, 2]],
  })
})

test('leaving an iteration cancels the stream, unless that is prevented', async () => {
  const answer = await ask(`
    for await (const chunk of count(9)) break
    const kept = count(9)
    for await (const chunk of kept.values({ preventCancel: true })) break
    return [told, kept.locked, (await kept.getReader().read()).value]`)

  assert.deepEqual(answer, [['pull', 'cancel undefined', 'pull', 'pull'], false, 2])
})

test('tee gives both branches everything, and cancels when both are', async () => {
  const answer = await ask(`
    const [one, two] = count(2).tee()
    const both = await Promise.all([collect(one), collect(two)])
    const [three, four] = count(9).tee()
    const cancelled = [three.cancel('x'), four.cancel('y')]
    await Promise.all(cancelled)
    return [both, told.at(-1)]`)

  assert.deepEqual(answer, [[[1, 2], [1, 2]], 'cancel x,y'])
})

test('pipes pass on chunks, back-pressure, ends and errors, and stop by a signal', async () => {
  const answer = await ask(`
    const written = []
    const sink = (more) => new WritableStream({ async write (chunk) { await wait(0); written.push(chunk) }, close () { written.push('close') }, abort (reason) { written.push('abort ' + (reason?.name ?? reason)) }, ...more })
    await count(2).pipeTo(sink())
    const through = await collect(count(3).pipeThrough(new TransformStream({ transform (chunk, controller) { controller.enqueue(chunk * 2) }, flush (controller) { controller.enqueue('end') } })))
    const failed = await nameOf(count(9, { pull () { throw new RangeError('mine') } }).pipeTo(sink()))
    const refused = await nameOf(count(9).pipeTo(sink({ write () { throw new RangeError('mine') } })))
    const controller = new AbortController()
    const endless = count(1e9).pipeTo(sink(), { signal: controller.signal })
    setTimeout(() => controller.abort(), 5)
    const aborted = await nameOf(endless)
    const kept = new WritableStream()
    await count(1).pipeTo(kept, { preventClose: true })
    return { written: written.filter((entry) => typeof entry === 'string'), through, failed, refused, aborted, kept: kept.locked, told: told.filter((entry) => entry !== 'pull') }`)

  assert.deepEqual(answer, {
    written: ['close', 'abort RangeError', 'abort AbortError'], through: [2, 4, 6, 'end'], failed: 'RangeError', refused: 'RangeError', aborted: 'AbortError', kept: false,
    told: ['cancel RangeError: mine', 'cancel AbortError: This operation was aborted'],
  })
})

test('byte streams fill the buffers of their readers, and take those away', async () => {
  const answer = await ask(`
    const stream = new ReadableStream({ type: 'bytes', pull (controller) {
      const { byobRequest } = controller
      if (byobRequest) { byobRequest.view[0] = 7; byobRequest.respond(1) } else controller.enqueue(new Uint8Array([1, 2, 3]))
    } })
    const reader = stream.getReader({ mode: 'byob' })
    const room = new Uint8Array(4)
    const first = await reader.read(room)
    const least = await reader.read(new Uint8Array(8), { min: 3 })
    reader.releaseLock()
    const plain = (await stream.getReader().read()).value
    return { first: [...first.value], isTaken: room.buffer.detached, least: [...least.value], plain: [...plain], refused: await nameOf(reader.read(new Uint8Array(1))) }`)

  assert.deepEqual(answer, { first: [7], isTaken: true, least: [7, 7, 7], plain: [1, 2, 3], refused: 'TypeError' })
})

test('writers tell of back-pressure, and errors reach whoever waits', async () => {
  const answer = await ask(`
    let controllerOf
    const stream = new WritableStream({ start (controller) { controllerOf = controller }, write: () => wait(1) }, new CountQueuingStrategy({ highWaterMark: 2 }))
    const writer = stream.getWriter()
    const sizes = [writer.desiredSize]
    writer.write(1); writer.write(2)
    sizes.push(writer.desiredSize)
    await writer.ready
    sizes.push(writer.desiredSize)
    const closed = nameOf(writer.closed)
    const reason = new RangeError('mine')
    controllerOf.error(reason)
    return { sizes, closed: await closed, write: await nameOf(writer.write(3)), signal: controllerOf.signal instanceof AbortSignal, bytes: new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(new Uint8Array(5)) }`)

  assert.deepEqual(answer, { sizes: [2, 0, 1], closed: 'RangeError', write: 'RangeError', signal: true, bytes: 5 })
})

test('options are read once each, in the order of the standard, and what their getters throw is thrown', async () => {
  const answer = await ask(`
    const seen = []
    const spy = (name, values) => new Proxy(values, { get (target, key) { seen.push(name + '.' + String(key)); return target[key] } })
    new ReadableStream(spy('source', {}), spy('strategy', {}))
    new WritableStream(spy('sink', {}), spy('strategy', {}))
    new TransformStream(spy('transformer', {}), spy('writable', {}), spy('readable', {}))
    await count(0).pipeTo(new WritableStream(), spy('pipe', {}))
    const thrown = [() => new ReadableStream({ get pull () { throw new RangeError('mine') } }), () => new ReadableStream({ type: 'x' }), () => new ReadableStream({}, { highWaterMark: -1 }), () => new ReadableStream(null), () => new WritableStream({ type: 'bytes' }),
      () => new CountQueuingStrategy(), () => ReadableStream.from({}), () => new ReadableStreamDefaultController(), () => ReadableStream(), () => ReadableStream.prototype.locked].map((attempt) => { try { attempt() } catch (error) { return error.name } })
    return { seen, thrown }`)

  assert.deepEqual(answer, {
    seen: [
      'strategy.highWaterMark', 'strategy.size', 'source.autoAllocateChunkSize', 'source.cancel', 'source.pull', 'source.start', 'source.type',
      'strategy.highWaterMark', 'strategy.size', 'sink.abort', 'sink.close', 'sink.start', 'sink.type', 'sink.write',
      'writable.highWaterMark', 'writable.size', 'readable.highWaterMark', 'readable.size', 'transformer.cancel', 'transformer.flush', 'transformer.readableType', 'transformer.start', 'transformer.transform', 'transformer.writableType',
      'pipe.preventAbort', 'pipe.preventCancel', 'pipe.preventClose', 'pipe.signal',
    ],
    thrown: ['RangeError', 'TypeError', 'RangeError', 'TypeError', 'RangeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError'],
  })
})

test('streams show nothing of how they work, and print as what the platform is made of', async () => {
  const answer = await ask(`
    const made = [new ReadableStream(), new WritableStream(), new TransformStream(), new ReadableStream().getReader(), new CountQueuingStrategy({ highWaterMark: 1 })]
    const iterator = Object.getPrototypeOf(count(1).values())
    return { keys: made.map((object) => Object.keys(object).length + Object.getOwnPropertyNames(object).length), json: JSON.stringify(made), names: made.map(String),
      natives: [ReadableStream, ReadableStream.from, ReadableStream.prototype.tee, Object.getOwnPropertyDescriptor(WritableStream.prototype, 'locked').get, iterator.next].map((f) => /\\[native code\\]/.test(f)),
      iterator: [Object.getPrototypeOf(iterator) === Object.getPrototypeOf(Object.getPrototypeOf(async function * () {}.prototype)), Reflect.ownKeys(iterator).map(String)] }`)

  assert.deepEqual(answer, {
    keys: [0, 0, 0, 0, 0], json: '[{},{},{},{},{}]', names: ['ReadableStream', 'WritableStream', 'TransformStream', 'ReadableStreamDefaultReader', 'CountQueuingStrategy'].map((name) => `[object ${name}]`),
    natives: [true, true, true, true, true], iterator: [true, ['next', 'return', 'Symbol(Symbol.toStringTag)']],
  })
})

test('streams are transferred, with clones of what goes through them, and never cloned', async () => {
  const answer = await ask(`
    const move = (stream) => structuredClone(stream, { transfer: [stream] })
    const given = { a: new Date(0) }
    const source = ReadableStream.from([given, () => {}])
    const reader = move(source).getReader()
    const { value } = await reader.read()
    const written = []
    const sink = new WritableStream({ write (chunk) { written.push(chunk) }, close () { written.push('close') } })
    const writer = move(sink).getWriter()
    await writer.write(1); await writer.close()
    const { readable, writable } = move(new TransformStream({ transform (chunk, controller) { controller.enqueue(chunk * 2) } }))
    const through = await collect(ReadableStream.from([1, 2]).pipeThrough({ readable, writable }))
    const refused = [() => structuredClone(new ReadableStream()), () => move(source), () => structuredClone({ x: sink })].map((attempt) => { try { attempt() } catch (error) { return error.name } })
    return { isClone: value !== given && value.a instanceof Date, failed: await nameOf(reader.read()), written, through, refused, locked: [source.locked, sink.locked] }`)

  assert.deepEqual(answer, {
    isClone: true, failed: 'DataCloneError', written: [1, 'close'], through: [2, 4], refused: ['DataCloneError', 'DataCloneError', 'DataCloneError'], locked: [true, true],
  })
})

test('what code did to the language before it touched streams is felt in its own run at most', async () => {
  const poisoned = await failureOf(`export default async () => {
    for (const prototype of [Array.prototype, Promise.prototype, Function.prototype]) {
      for (const key of ['push', 'shift', 'forEach', 'then', 'call', 'apply']) if (key in prototype) Object.defineProperty(prototype, key, { value () { throw new Error('poison') } })
    }
    new ReadableStream({ start (controller) { controller.enqueue(1) } }).getReader()
    throw new Error('got here')
  }`)
  const next = await evaluate('(async () => { for await (const chunk of ReadableStream.from([1])) return chunk })()')

  assert.equal(poisoned.code, 'USER_ERROR')
  assert.match(poisoned.message, /^(?:poison|got here)$/)
  assert.equal(next, 1)
})
