import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf, failureOf } = await openGuest()
const nameOf = 'const nameOf = (attempt) => { try { attempt(); return "no error" } catch (error) { return error.name } };'
const inside = (body: string) => resultOf(`export default async () => { ${nameOf} ${body} }`)

test('listeners are called as the standard says', async () => {
  const seen = await inside(`
    const target = new EventTarget()
    const heard = []
    const log = (name) => function (event) { heard.push([name, this === target, event.eventPhase, event.currentTarget === target]) }
    const same = log('same')
    target.addEventListener('x', log('bubble')); target.addEventListener('x', log('capture'), true); target.addEventListener('x', same); target.addEventListener('x', same); target.addEventListener('x', log('once'), { once: true })
    const object = { handleEvent (event) { heard.push(['object', this === object]) ; target.addEventListener('x', log('late')) } }
    target.addEventListener('x', object)
    target.addEventListener('x', null)
    const gone = new AbortController()
    target.addEventListener('x', log('gone'), { signal: gone.signal }); gone.abort()
    const event = new Event('x', { cancelable: true, bubbles: true })
    const first = target.dispatchEvent(event)
    const before = heard.splice(0)
    target.removeEventListener('x', same); target.removeEventListener('x', object)
    target.addEventListener('x', (event) => { event.preventDefault(); event.stopImmediatePropagation() })
    target.addEventListener('x', (event) => { event.preventDefault() }, { passive: true })
    const second = target.dispatchEvent(event)
    return [before, first, heard.map(([name]) => name), second, event.defaultPrevented, event.eventPhase, event.currentTarget, event.isTrusted, event.type, event.bubbles, event.composedPath(), Event.AT_TARGET]`)

  assert.deepEqual(seen, [
    [['capture', true, 2, true], ['bubble', true, 2, true], ['same', true, 2, true], ['once', true, 2, true], ['object', true]], true, ['capture', 'bubble', 'late'], false, true, 0, null, false, 'x', true, [], 2,
  ])
})

test('what is no event, no target and no listener is a TypeError', async () => {
  const seen = await inside(`
    const target = new EventTarget(), event = new Event('x')
    const attempts = [() => target.dispatchEvent({}), () => target.dispatchEvent(null), () => new Event(), () => Event('x'), () => new Event('x', 5), () => new Event(Symbol()), () => target.addEventListener('x'),
      () => target.addEventListener('x', 1), () => target.addEventListener('x', null, { signal: null }), () => target.removeEventListener('x', 'y'), () => EventTarget.prototype.dispatchEvent.call({}, event),
      () => Event.prototype.type, () => Object.getOwnPropertyDescriptor(event, 'isTrusted').get.call({}), () => CustomEvent.prototype.initCustomEvent.call(event, 'x'), () => event.initEvent()]
    return attempts.map(nameOf)`)

  assert.deepEqual(seen, Array<string>(15).fill('TypeError'))
})

test('an event is dispatched once at a time, and while it is it does not change', async () => {
  const seen = await inside(`
    const target = new EventTarget()
    const heard = []
    target.addEventListener('x', (event) => {
      event.initEvent('y', true, true)
      heard.push(event.type, nameOf(() => target.dispatchEvent(event)), target.dispatchEvent(new Event('z')))
    })
    target.addEventListener('z', (event) => heard.push(event.type, event.target === target))
    const event = new Event('x')
    target.dispatchEvent(event)
    event.initEvent('y', true, true)
    return [...heard, event.type, event.cancelable, event.target]`)

  assert.deepEqual(seen, ['z', true, 'x', 'InvalidStateError', true, 'y', true, null])
})

test('members of options are read once each, in the order of Web IDL', async () => {
  const seen = await inside(`
    const read = []
    const options = (...names) => names.reduce((holder, name) => Object.defineProperty(holder, name, { get () { read.push(name) } }), {})
    new CustomEvent('x', options('detail', 'composed', 'cancelable', 'bubbles'))
    new EventTarget().addEventListener('x', () => {}, options('signal', 'passive', 'once', 'capture'))
    return read`)

  assert.deepEqual(seen, ['bubbles', 'cancelable', 'composed', 'detail', 'capture', 'once', 'passive', 'signal'])
})

test('a custom event brings what it is about, and both can be extended', async () => {
  const seen = await inside(`
    class Own extends CustomEvent { get more () { return this.detail.more } }
    class Target extends EventTarget { heard = [] }
    const target = new Target()
    target.addEventListener('x', (event) => target.heard.push(event.more, event instanceof Own, event instanceof Event, String(event)))
    target.dispatchEvent(new Own('x', { detail: { more: 5 } }))
    const plain = new CustomEvent('x')
    plain.initCustomEvent('y', true, false, 'about')
    return [target.heard, new CustomEvent('x').detail, plain.type, plain.bubbles, plain.detail, new CustomEvent('x', { detail: false }).detail]`)

  assert.deepEqual(seen, [[5, true, true, '[object CustomEvent]'], null, 'y', true, 'about', false])
})

test('what a listener throws ends the run, and not the other listeners', async () => {
  const failure = await failureOf(`export default async () => {
    const target = new EventTarget()
    let heard = 0
    target.addEventListener('x', () => { throw new RangeError('from a listener') })
    target.addEventListener('x', () => { heard++ })
    target.dispatchEvent(new Event('x'))
    if (heard !== 1) throw new Error('the other listener was not called')
    await new Promise(() => {})
  }`)

  assert.deepEqual(failure, { code: 'USER_ERROR', name: 'RangeError', message: 'from a listener' })
})

test('what code did to the language before it first touched an event is not asked', async () => {
  const heard = await inside(`
    const { ownKeys, defineProperty } = Reflect
    let heard = ''
    const hear = (what) => function () { heard += what + ' ' }
    for (const name of ['value', 'get', 'set', 'writable', 'detail', 'capture', 'signal', 'type', 'next', '0', 'isTrusted']) defineProperty(Object.prototype, name, { __proto__: null, get: hear('get ' + name), set: hear('set ' + name), configurable: true })
    for (const holder of [Array.prototype, WeakMap.prototype, Reflect, Object, WeakSet.prototype, WeakRef.prototype]) {
      for (const name of ownKeys(holder)) if (typeof holder[name] === 'function' && typeof name === 'string' && name !== 'constructor') try { holder[name] = hear(String(name)) } catch {}
    }
    Array.prototype[Symbol.iterator] = hear('iterator')
    const controller = new AbortController()
    const followed = AbortSignal.any({ [Symbol.iterator]: () => { let i = 0; return { next: () => ({ done: i++ > 0, value: controller.signal }) } } })
    heard = ''
    let count = 0
    followed.onabort = () => { count++ }
    controller.signal.addEventListener('abort', () => { count++ }, { once: true, capture: false, passive: false, signal: new AbortController().signal })
    controller.abort(1)
    new EventTarget().dispatchEvent(new Event('x', { __proto__: null }))
    return count === 2 ? heard : 'lost'`)

  assert.equal(heard, '')
})

test('functions of the platform print as native code, and those of the code as what they are', async () => {
  assert.deepEqual(await inside(`
    const { get } = Object.getOwnPropertyDescriptor(Event.prototype, 'type')
    return [Event, EventTarget.prototype.addEventListener, get, setTimeout, structuredClone, console.log, Function.prototype.toString, Math.max].map(String).concat(String(() => 1), nameOf(() => Function.prototype.toString.call({})), String(class A {}))`), [
    'function Event() { [native code] }', 'function addEventListener() { [native code] }', 'function get type() { [native code] }', 'function setTimeout() { [native code] }',
    'function structuredClone() { [native code] }', 'function log() { [native code] }', 'function toString() { [native code] }', 'function max() { [native code] }', '() => 1', 'TypeError', 'class A {}',
  ])
})
