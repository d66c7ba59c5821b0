import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { run, resultOf } = await openGuest()
const help = `const nameOf = (attempt) => { try { attempt(); return 'no error' } catch (error) { return error.name } }
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const next = (port) => new Promise((resolve) => { port.onmessage = resolve });`
const inside = (body: string) => resultOf(`${help} export default async () => { ${body} }`)

test('a message is cloned when it is posted, and comes as a task', async () => {
  assert.deepEqual(await inside(`
    const { port1, port2 } = new MessageChannel()
    const order = []
    const message = { list: [1, new Date(0)] }
    const came = new Promise((resolve) => { port2.onmessage = (event) => { order.push('message'); resolve(event) } })
    port1.postMessage(message)
    message.list = 'changed'
    queueMicrotask(() => order.push('microtask'))
    const event = await came
    return [order, event.data, event.type, event.isTrusted, event.ports, event.origin, event.lastEventId, event.source, event.target === port2, String(event), Object.isFrozen(event.ports)]`), [
    ['microtask', 'message'], { list: [1, '1970-01-01T00:00:00.000Z'] }, 'message', true, [], '', '', null, true, '[object MessageEvent]', true,
  ])
})

test('messages wait until the port is started, and come in order, each with its microtasks', async () => {
  assert.deepEqual(await inside(`
    const { port1, port2 } = new MessageChannel()
    const heard = []
    port2.addEventListener('message', ({ data }) => { heard.push(data); Promise.resolve().then(() => heard.push('after ' + data)) })
    port1.postMessage(1); port1.postMessage(2)
    await wait(5)
    const before = heard.length
    port2.start()
    port1.postMessage(3)
    await wait(20)
    return [before, heard]`), [0, [1, 'after 1', 2, 'after 2', 3, 'after 3']])
})

test('buffers and ports are transferred, with what is on its way to them', async () => {
  assert.deepEqual(await inside(`
    const [a, b] = [new MessageChannel(), new MessageChannel()]
    const buffer = new Uint8Array([1, 2, 3]).buffer
    b.port1.postMessage('early')
    a.port1.postMessage({ buffer, port: b.port2 }, [buffer, b.port2])
    const { data, ports } = await next(a.port2)
    const early = (await next(data.port)).data
    b.port1.postMessage('late')
    const late = (await next(data.port)).data
    return [buffer.byteLength, [...new Uint8Array(data.buffer)], ports.length, ports[0] === data.port, data.port === b.port2, early, late, nameOf(() => a.port1.postMessage(0, [b.port2])), nameOf(() => a.port1.postMessage(0, [a.port1])), nameOf(() => a.port1.postMessage(0, { transfer: [{}] }))]`), [
    0, [1, 2, 3], 1, true, false, 'early', 'late', 'DataCloneError', 'DataCloneError', 'DataCloneError',
  ])
})

test('a closed port takes no message, and tells its other end', async () => {
  assert.deepEqual(await inside(`
    const { port1, port2 } = new MessageChannel()
    const heard = []
    port1.onclose = ({ type }) => heard.push(type)
    port1.onmessage = ({ data }) => heard.push(data)
    port2.postMessage('on its way')
    port2.close()
    port2.postMessage('too late'); port1.postMessage('to nobody')
    await wait(20)
    return [heard, nameOf(() => new MessageChannel().port1.postMessage(0, [port2]))]`), [['on its way', 'close'], 'DataCloneError'])
})

test('events of messages are made of options, and ports by channels alone', async () => {
  assert.deepEqual(await inside(`
    const { port1 } = new MessageChannel()
    const event = new MessageEvent('x', { data: 5, origin: 'o\\ud800', lastEventId: 7, source: port1, ports: [port1] })
    const plain = new MessageEvent('x')
    plain.initMessageEvent('y', true, true, 'd', 'o', 'i', null, [port1])
    return [event.data, event.origin, event.lastEventId, event.source === port1, event.ports[0] === port1, event.ports === event.ports, plain.type, plain.data, plain.ports.length,
      ...[() => new MessagePort(), () => MessageChannel(), () => port1.postMessage(), () => new MessageEvent('x', { ports: [{}] }), () => new MessageEvent('x', { source: {} }), () => MessagePort.prototype.start.call({}), () => port1.postMessage(0, 5)].map(nameOf), nameOf(() => port1.postMessage(() => {}))]`), [
    5, 'o\ufffd', '7', true, true, true, 'y', 'd', 1, ...Array<string>(7).fill('TypeError'), 'DataCloneError',
  ])
})

test('ports that answer each other without an end leave timers their turn, and end with the run', async () => {
  const { result } = await run(`${help} export default async () => {
    const { port1, port2 } = new MessageChannel()
    let count = 0
    port1.onmessage = () => port1.postMessage(0)
    port2.onmessage = () => { count++; port2.postMessage(0) }
    port1.postMessage(0)
    while (count < 500) await wait(1)
    return 'over'
  }`)

  assert.equal(result, '"over"')
})

test('messages that nobody takes are memory of the run', async () => {
  const { failure } = await run(`export default async () => {
    const { port1 } = new MessageChannel()
    const bytes = new Uint8Array(1_000_000)
    for (;;) port1.postMessage(bytes)
  }`)

  assert.equal(failure?.code, 'MEMORY_LIMIT')
})
