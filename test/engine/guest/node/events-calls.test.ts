import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, call, type Code, mostly, odd } from './drawn-calls.ts'

const guest = await openGuest()
process.removeAllListeners('warning') // some programs add too many listeners
process.noDeprecation = true

/** A program writes what happens, in order, and answers all of it. A listener of each kind is one function for the whole of a program. */
const SETUP = `
  const util = require('util'); const events = require('events'); const process = require('process'); const { setImmediate } = require('timers'); const { EventEmitter, EventEmitterAsyncResource } = events
  const S = Symbol('s')
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  const settle = async () => { for (let i = 0; i < 3; i++) await turn() }
  const short = (x) => x instanceof Error ? [x.name, x.code, x.message, x.context instanceof Error ? x.context.message : typeof x.context, x.cause?.message ?? x.cause] : typeof x === 'function' ? 'f ' + x.name : x?.timeStamp ? 'event ' + x.type : x?._onImmediate ? 'immediate' : x instanceof Promise ? 'promise' : x
  const caught = (act) => { try { return act() } catch (error) { return ['threw', short(error)] } }
  const names = (list) => list.map((f) => f.listener ? 'once ' + f.listener.name : f.name)
  const tools = (lines, e) => {
    const log = (...all) => { if (lines.length < 200) lines.push(util.inspect(all.map(short), { depth: 3, breakLength: Infinity }).replaceAll(/\\n +at .*/g, '')) }
    let depth = 0
    const kept = {}
    const guarded = (act) => { if (depth > 3) return; depth++; try { act() } finally { depth-- } }
    const keep = (key, f) => kept[key] ??= Object.defineProperty(f, 'name', { value: key })
    return {
      log, L: (n) => keep('L' + n, function (...all) { log('L' + n, this === e, ...all) }), removing: keep('removing', () => { log('removing'); e.off('a', kept.L0) }), adding: keep('adding', () => { log('adding'); guarded(() => e.on('a', keep('L1', () => {}))) }), emitting: keep('emitting', () => { log('emitting'); guarded(() => e.emit('b', 'from within')) }),
      throwing: keep('throwing', () => { throw new TypeError('t') }), clearing: keep('clearing', () => { log('clearing'); e.removeAllListeners('a') }), thenable: keep('thenable', () => ({ then (a, b) { log('then', typeof a, typeof b) } })), late: keep('late', async () => { log('late') }),
    }
  }
  const run = async (make, program) => { EventEmitter.defaultMaxListeners = 10; const e = make(); const lines = []; await program({ e, ...tools(lines, e), c: new AbortController() }); return lines }`

const made = fc.constantFrom('new EventEmitter()', 'new EventEmitter()', 'new EventEmitter({ captureRejections: true })', 'new (class Sub extends EventEmitter { constructor () { super(); this.own = 1 } })()', 'Object.create(EventEmitter.prototype)', 'new EventEmitterAsyncResource({ name: "R" })', 'new (class extends EventEmitter { [events.captureRejectionSymbol] () {} })({ captureRejections: true })')
const PARTS = '{ e, c, log, L, removing, adding, emitting, throwing, clearing, thenable, late }'
const logged = (steps: readonly string[]): string => steps.map((step) => step.startsWith('await') ? step : `log("=", caught(() => { const made = ${step}; if (made?.catch) made.catch(() => {}); return made === e ? "itself" : made }))`).join('; ')
const program = (emitter: string, steps: readonly string[], first = ''): string => `run(() => ${emitter}, async (${PARTS}) => { ${first}; ${logged(steps)}; await settle(); log(e?.eventNames?.()) })`

const name = mostly(fc.constantFrom('"a"', '"a"', '"b"', '"error"', 'S', '"newListener"', '"removeListener"', 'events.errorMonitor', '"__proto__"', '"toString"', '0'))
const listener = mostly(fc.constantFrom('L(0)', 'L(0)', 'L(1)', 'L(2)', 'removing', 'adding', 'emitting', 'throwing', 'clearing', 'thenable', 'late'))
const argument = fc.constantFrom('1', '"v"', 'new RangeError("bad")', 'undefined', '{ m: 1 }', 'null', 'Object.assign(new Error("c"), { code: "E" })')
const step = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constantFrom('on', 'addListener', 'once', 'prependListener', 'prependOnceListener'), name, listener).map(([method, ...args]) => `e.${method}(${args.join(', ')})`) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('off', 'removeListener'), name, listener).map(([method, ...args]) => `e.${method}(${args.join(', ')})`) },
  { weight: 8, arbitrary: fc.tuple(name, fc.array(argument, { maxLength: 4 })).map((all) => `e.emit(${all.flat().join(', ')})`) },
  fc.tuple(fc.constantFrom('listeners', 'rawListeners'), name).map(([method, of]) => `names(e.${method}(${of}))`), call('e.removeAllListeners', name), call('e.listenerCount', name, listener), call('e.setMaxListeners', mostly(fc.constantFrom('0', '1', '2', 'Infinity'), 4)), call('events.setMaxListeners', fc.constantFrom('1', '-1', '"x"', '0'), mostly(fc.constant('e'), 5)),
  name.map((of) => `names(events.getEventListeners(e, ${of}))`), name.map((of) => `events.listenerCount(e, ${of})`), fc.constantFrom('e.eventNames()', 'e.getMaxListeners()', 'events.getMaxListeners(e)', 'util.inspect(e, { depth: 0 })'),
)

test('drawn programs of emitters do what they do in Node', async (t) => {
  const emitted = fc.array(fc.constantFrom('e.emit("a", 1)', 'e.emit("a", 1, 2)', 'e.emit("b")', 'e.emit("error", new RangeError("x"))', 'c.abort()', 'c.abort("why")', 'e.emit("end")', 'await null', 'await settle()', 'process.nextTick(() => e.emit("a", "tick"))', 'Promise.resolve().then(() => e.emit("a", "micro"))', 'setImmediate(() => e.emit("a", "immediate"))', 'it?.return()', 'it?.throw(new TypeError("thrown"))', 'e.removeAllListeners("a")'), { minLength: 1, maxLength: 8 })
  const options = fc.constantFrom('undefined', '{ signal: c.signal }', '{ close: ["end"] }', '{ close: ["end"], signal: c.signal, highWaterMark: 2, lowWaterMark: 1 }', '{ highWaterMark: 1 }', '{ signal: AbortSignal.abort("early") }', '{ highWaterMark: 0 }', '{ lowWaterMark: "x" }', '{ close: 1 }', 'null')
  const paused = '(() => { const e = new EventEmitter(); return Object.assign(e, { pause () {}, resume () {} }) })()'
  const kinds: Record<string, Code> = {
    'listeners': fc.tuple(made, fc.array(step, { minLength: 2, maxLength: 14 })).map(([of, steps]) => program(of, steps)),
    'few events': fc.array(step.filter((of) => !/"(b|error|toString|__proto__)"|\bS\b/.test(of)), { minLength: 6, maxLength: 16 }).map((steps) => program('new EventEmitter()', steps)),
    'once': fc.tuple(fc.constantFrom('"a"', '"a"', '"error"', 'S'), options, emitted).map(([of, how, steps]) => program('new EventEmitter()', steps, `let it; e.on("b", () => {}); if (${of} !== "error") e.on("error", () => log("heard")); events.once(e, ${of}, ${how}).then((value) => log("once", value), (error) => log("failed", error))`)),
    'on': fc.tuple(options, emitted, fc.boolean(), fc.nat(4)).map(([how, steps, isSlow, most]) => program(paused, steps, `let it; e.on("error", () => {}); try { it = events.on(e, "a", ${how}) } catch (error) { log(error); return } (async () => { let n = 0; try { for await (const value of it) { log("got", value); ${isSlow ? 'await null;' : ''} if (n++ === ${most}) break } log("over") } catch (error) { log("threw", error) } })()`)),
    'anything given to any of them': fc.oneof(fc.tuple(fc.constantFrom('once', 'getEventListeners', 'listenerCount', 'setMaxListeners', 'getMaxListeners', 'addAbortListener'), odd, odd).map(([of, ...args]) => `events.${of}(${args.join(', ')})`), odd.map((of) => `new EventEmitter(${of}).eventNames()`), odd.filter((of) => of !== '""').map((of) => `new EventEmitterAsyncResource(${of}).eventNames()`), fc.tuple(odd, odd, odd).map((args) => `typeof events.on(${args.join(', ')})`), odd.map((of) => `EventEmitter.prototype.on.call(${of}, "a", () => {})`), fc.tuple(fc.constantFrom('defaultMaxListeners', 'captureRejections'), odd).map(([of, value]) => `(() => { const was = EventEmitter.${of}; try { EventEmitter.${of} = ${value}; return [EventEmitter.${of}, new EventEmitter().getMaxListeners()] } finally { EventEmitter.${of} = was } })()`)),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds, callsOfAKind: 450 })
})

test('drawn programs of targets do what they do in Node', async (t) => {
  const onTarget = fc.constantFrom('e.addEventListener("a", L(0))', 'e.addEventListener("a", L(1), { once: true })', 'e.addEventListener("a", { handleEvent () { log("handled") } })', 'e.addEventListener("b", L(2), true)', 'e.dispatchEvent(new Event("a"))', 'e.dispatchEvent(new Event("b"))', 'e.removeEventListener("a", L(0))', 'names(events.getEventListeners(e, "a"))', 'names(events.getEventListeners(e, "b"))', 'names(events.getEventListeners(e))', 'events.getMaxListeners(e)', 'events.setMaxListeners(5, e)', 'events.setMaxListeners(-1, e)', 'events.listenerCount(e, "a")', 'events.listenerCount(e, "none")', 'events.listenerCount(e)', 'events.once(e, "a").then(([event]) => log("once", event)) && 1', 'await null')
  const kinds: Record<string, Code> = {
    'listeners': fc.tuple(fc.constantFrom('new EventTarget()', 'new AbortController().signal'), fc.array(onTarget, { minLength: 1, maxLength: 10 })).map(([of, steps]) => program(of, steps)),
    'on': fc.tuple(fc.array(fc.constantFrom('e.dispatchEvent(new Event("a"))', 'c.abort()', 'await null', 'await settle()', 'e.dispatchEvent(new Event("end"))', 'it.return().then((x) => log(x)) && 1'), { minLength: 1, maxLength: 8 }), fc.constantFrom('{ signal: c.signal }', 'undefined', '{ close: ["end"] }')).map(([steps, how]) => program('new EventTarget()', steps, `const it = events.on(e, "a", ${how}); (async () => { try { for await (const [event] of it) log("got", event); log("over") } catch (error) { log("threw", error) } })()`)),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds, callsOfAKind: 250 })
})

test('events have what Node\'s have', async () => {
  await assertSameAsNode(guest, SETUP, [
    'Object.entries(Object.getOwnPropertyDescriptors(events)).map(([key, d]) => [key, typeof d.value, typeof d.get, d.enumerable, d.writable, d.configurable, d.value?.length, d.value?.name])', 'Object.entries(Object.getOwnPropertyDescriptors(EventEmitter.prototype)).map(([key, { value }]) => [key, typeof value, value?.length, value?.name])', 'events.usingDomains', 'util.inspect(new EventEmitter())',
    'new EventEmitterAsyncResource({ name: "x" }).asyncId > 0', 'new (class Foo extends EventEmitterAsyncResource {})().asyncResource.constructor.name', 'run(() => new EventEmitter({ captureRejections: true }), async ({ e, log, L }) => { e.on("a", async () => { throw new RangeError("late") }).on("error", L(0)); e.emit("a"); await settle() })',
    'run(() => new (class extends EventEmitter { [events.captureRejectionSymbol] (...all) { this.seen = all } })({ captureRejections: true }), async ({ e, log }) => { e.on("a", async () => { throw new RangeError("late") }); e.emit("a", 1, 2); await settle(); log(...e.seen) })',
  ])
})
