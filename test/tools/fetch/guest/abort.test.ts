import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside } = await startScripted()
/** What of the calls the host half has seen is about the first request. */
const CALLS = `const calls = async () => (await (await fetch(base + '/calls')).json()).filter((call) => / 1\\b/.test(call) && !/ 1 \\d+/.test(call))`

test('an abort rejects with the signal\'s reason and closes the request', async () => {
  const seen = await inside(`${CALLS}
    const controller = new AbortController()
    const waits = fetch(base + '/never', { signal: controller.signal })
    controller.abort('mine')
    const first = await nameOf(() => waits)
    return [first, await nameOf(() => fetch(base, { signal: controller.signal })), await calls()]`)

  assert.deepEqual(seen, ['mine', 'mine', ['open 1', 'close 1']])
})

test('reasons are those of the standard', async () => {
  const seen = await inside(`
    const controller = new AbortController()
    controller.abort()
    const { reason } = controller.signal
    const late = AbortSignal.timeout(1)
    const error = await fetch(base + '/never', { signal: late }).catch((error) => error)
    return [reason instanceof DOMException, reason.name, reason.code, await nameOf(() => fetch(base, controller)), error === late.reason, error.name, error.code, await nameOf(() => fetch(base, { signal: AbortSignal.abort(null) })), await nameOf(() => fetch(new Request(base, { signal: AbortSignal.abort(7) })))]`)

  assert.deepEqual(seen, [true, 'AbortError', 20, 'AbortError', true, 'TimeoutError', 23, null, 7])
})

test('a request that was aborted before it began is not sent, and its body is canceled', async () => {
  const seen = await inside(`
    let canceled
    const body = new ReadableStream({ cancel (reason) { canceled = reason } })
    const name = await nameOf(() => fetch(base, { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort('early') }))
    return [name, canceled, await (await fetch(base + '/calls')).json()]`)

  assert.deepEqual(seen, ['early', 'early', ['open 1']])
})

test('an abort while the body comes fails whoever reads it, at once and later', async () => {
  const seen = await inside(`${CALLS}
    const begin = async (path = '/parts/a,never') => { const controller = new AbortController(); return [controller, await fetch(base + path, { signal: controller.signal })] }
    const [first, text] = await begin()
    const reading = nameOf(() => text.text())
    first.abort('while text')
    const [second, streamed] = await begin()
    const reader = streamed.body.getReader()
    await reader.read(); await reader.read()
    const next = nameOf(() => reader.read())
    second.abort('while stream')
    const [third, idle] = await begin()
    const idleReader = idle.body.getReader()
    third.abort('before a read')
    const [fourth, whole] = await begin('/hello')
    fourth.abort('after all of it came')
    const [fifth, done] = await begin('/hello')
    const text5 = await done.text()
    fifth.abort('too late')
    return [await reading, await next, await nameOf(() => reader.closed), await nameOf(() => idleReader.closed), await nameOf(() => idleReader.read()), await nameOf(() => whole.json()), await nameOf(() => whole.json()), text5, await calls()]`)

  assert.deepEqual(seen, [
    'while text', 'while stream', 'while stream', 'before a read', 'before a read', 'after all of it came', 'TypeError', 'hello', ['open 1', 'close 1'],
  ])
})

test('a body that is canceled closes the request', async () => {
  const seen = await inside(`${CALLS}
    const response = await fetch(base + '/parts/a,b')
    await response.body.cancel('enough')
    return [response.bodyUsed, await nameOf(() => response.text()), await calls()]`)

  assert.deepEqual(seen, [true, 'TypeError', ['open 1', 'close 1']])
})

test('a request\'s signal follows the one it was given, and so do those of its clones', async () => {
  const seen = await inside(`
    const controller = new AbortController()
    const request = new Request(base, { signal: controller.signal })
    const all = [request, request.clone(), new Request(request), new Request(request, { signal: null })]
    const heard = []
    all.forEach(({ signal }, at) => { signal.onabort = (event) => heard.push([at, event.type, event.isTrusted, event.target === signal]) })
    controller.abort('r')
    return [all.map(({ signal }) => [signal.aborted, signal.reason, signal === controller.signal]), heard.sort()]`)

  const aborted = [true, 'r', false]
  assert.deepEqual(seen, [[aborted, aborted, aborted, [false, null, false]], [[0, 'abort', true, true], [1, 'abort', true, true], [2, 'abort', true, true]]])
})
