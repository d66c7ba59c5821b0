import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { run, resultOf } = await openGuest()
const nameOf = 'const nameOf = (attempt) => { try { attempt(); return "no error" } catch (error) { return error?.name ?? error } };'
const inside = (body: string) => resultOf(`export default async () => { ${nameOf} ${body} }`)

test('a controller aborts its signal once, with a reason', async () => {
  assert.deepEqual(await inside(`
    const controller = new AbortController()
    const { signal } = controller
    const heard = []
    signal.addEventListener('abort', (event) => heard.push(event.isTrusted, event.bubbles, event.target === signal, signal.aborted))
    const before = [signal.aborted, signal.reason === undefined, nameOf(() => signal.throwIfAborted())]
    controller.abort(); controller.abort('again')
    const { reason } = signal
    return [before, heard, signal.aborted, reason instanceof DOMException, reason.name, reason.code, nameOf(() => signal.throwIfAborted()), AbortSignal.abort(null).reason, nameOf(() => AbortSignal.abort(7).throwIfAborted()), controller.signal === signal]`), [
    [false, true, 'no error'], [true, false, true, true], true, true, 'AbortError', 20, 'AbortError', null, 7, true,
  ])
})

test('the handler is a listener as long as it is set, in the place that it was first set in', async () => {
  assert.deepEqual(await inside(`
    const controller = new AbortController()
    const { signal } = controller
    const heard = []
    signal.onabort = () => heard.push('replaced')
    signal.addEventListener('abort', () => heard.push('listener'))
    signal.onabort = function () { heard.push(this === signal) }
    const values = [typeof signal.onabort]
    for (const odd of [5, 'x', undefined, null]) { const other = new AbortController().signal; other.onabort = odd; values.push(other.onabort) }
    const object = {}
    const other = new AbortController().signal
    other.onabort = object
    values.push(other.onabort === object)
    controller.abort()
    return [heard, values]`), [[true, 'listener'], ['function', null, null, null, null, true]])
})

test('a time-out aborts with a TimeoutError, in the order of the times', async () => {
  assert.deepEqual(await inside(`
    const heard = []
    const first = AbortSignal.timeout(3)
    for (const [name, ms] of [['late', 90], ['early', 1]]) AbortSignal.timeout(ms).onabort = () => heard.push(name)
    await new Promise((resolve) => AbortSignal.timeout(100).addEventListener('abort', resolve))
    return [heard, first.aborted, first.reason.name, first.reason.code]`), [['early', 'late'], true, 'TimeoutError', 23])
})

test('any aborts with the first of its signals, and events come in the order of the standard', async () => {
  assert.deepEqual(await inside(`
    const [a, b] = [new AbortController(), new AbortController()]
    const any = AbortSignal.any([a.signal, b.signal, a.signal])
    const nested = AbortSignal.any(new Set([any]))
    const heard = []
    for (const [name, signal] of [['nested', nested], ['any', any], ['b', b.signal]]) signal.onabort = (event) => heard.push([name, nested.aborted, signal.reason])
    b.abort('b'); a.abort('a')
    const over = AbortSignal.any([AbortSignal.abort('over'), any])
    return [heard, over.aborted, over.reason, AbortSignal.any([]).aborted, nameOf(() => AbortSignal.any([1])), nameOf(() => AbortSignal.any(5))]`), [
    [['b', true, 'b'], ['any', true, 'b'], ['nested', true, 'b']], true, 'over', false, 'TypeError', 'TypeError',
  ])
})

test('signals that follow one for as long as nobody listens to them are let go of', async () => {
  const answer = await inside(`
    const controller = new AbortController()
    let heard = 0
    for (let i = 0; i < 20_000; i++) {
      const follower = AbortSignal.any([controller.signal])
      follower.payload = new Uint8Array(20_000)
      if (i % 2000 === 0) follower.onabort = () => { heard++ }
      if (i % 500 === 0) await new Promise((resolve) => setTimeout(resolve))
    }
    controller.abort()
    return heard`)

  assert.equal(answer, 10) // 400 MB of them would not have fitted
})

test('signals cannot be made, read or called by anything else', async () => {
  assert.deepEqual(await inside(`
    const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')
    return [() => new AbortSignal(), () => AbortSignal(), () => AbortController(), () => get.call({}), () => AbortSignal.timeout(-1), () => AbortSignal.timeout(), () => AbortSignal.timeout(2 ** 60), () => AbortController.prototype.abort.call({}), () => new (class extends AbortSignal {})()].map(nameOf)
      .concat(new AbortController().signal instanceof EventTarget, AbortSignal.timeout(1e15).aborted)`), [...Array<string>(9).fill('TypeError'), true, false])
})

test('the signal of a run is there when it is asked for, the same every time', async () => {
  assert.deepEqual(await resultOf(`export default (input, context) => [context.signal instanceof AbortSignal, context.signal === context.signal, context.signal.aborted, 'signal' in context, Object.isFrozen(context), Object.keys(context).includes('signal')]`), [true, true, false, true, true, true])
})

test('a run that is out of time tells its signal, and ends as one that is, whatever its code does then', async () => {
  for (const [body, last] of [
    [`signal.onabort = () => console.log(signal.reason.name, signal.reason.message); await new Promise(() => {})`, ['TimeoutError The run is out of time']],
    [`await new Promise((resolve) => { signal.onabort = resolve }); console.log('returned'); return 'result'`, ['returned']],
    [`signal.onabort = () => { console.log('threw'); throw new Error('mine') }; await new Promise(() => {})`, ['threw']],
  ] as [string, string[]][]) {
    let logs: string[] = []
    for (let tries = 0; tries < 50 && logs.length < last.length; tries++) { // a machine that is busy may not give code its turn in so short a while
      const ended = await run(`export default async (input, { signal }) => { ${body} }`, { limits: { timeoutMs: 300, cpuMs: 10_000 } })
      logs = ended.logs
      assert.equal(ended.failure?.code, 'TIMEOUT', body)
    }
    assert.deepEqual(logs, last, body)
  }
})

test('code that takes no notice of its signal, or never ends hearing of it, is stopped all the same', async () => {
  for (const body of ['signal.onabort = () => { for (;;) {} }; await new Promise(() => {})', 'signal.onabort = () => {}; for (;;) {}']) {
    const { failure } = await run(`export default async (input, { signal }) => { ${body} }`, { limits: { timeoutMs: 300, cpuMs: 10_000 } })

    assert.equal(failure?.code, 'TIMEOUT', body)
  }
})
