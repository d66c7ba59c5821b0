import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, type Code, mostly, odd } from './drawn-calls.ts'

const guest = await openGuest()
process.removeAllListeners('warning') // of strange delays

/** Which of two timers with different delays is first is up to how busy the machine is: all of a program have the same one. */
const SETUP = `
  const util = require('util'); const process = require('process'); const timers = require('timers'); const later = require('timers/promises')
  const short = (x) => x instanceof Error ? [x.name, x.code, x.message, x.cause?.name ?? x.cause] : x === null || typeof x !== 'object' ? x : x._destroyed === undefined ? x : x.constructor.name
  const caught = (act) => { try { return act() } catch (error) { return ['threw', short(error)] } }
  const run = async (program) => {
    const lines = []
    const log = (...all) => { if (lines.length < 120) lines.push(util.inspect(all.map(short), { breakLength: Infinity }).replaceAll(/\\n +at .*/g, '')) }
    const kept = []
    let count = 0
    const at = (n) => kept[n % kept.length]
    let refreshes = 0
    const again = (timer) => refreshes++ < 4 && timer?.refresh() === timer
    const keep = (timer) => { kept.push(timer); return timer }
    /** Starts a timer or an immediate whose callback does some more. */
    const start = (how, act) => { if (count > 40) return undefined; const name = 't' + count++; const callback = function (...all) { log(name, all, this === timer, this?._destroyed); if (act) act() }; const timer = keep(how === 'immediate' ? timers.setImmediate(callback, name) : timers[how](callback, 1, name)); return timer }
    const tick = (name) => process.nextTick(() => { log('tick', name); Promise.resolve().then(() => log('microtask of tick', name)) })
    const micro = (name) => Promise.resolve().then(() => { log('microtask', name); process.nextTick(() => log('tick of microtask', name)) })
    await new Promise((resolve) => timers.setImmediate(resolve))
    await program({ log, at, again, start, tick, micro, c: new AbortController() })
    for (let i = 0, quiet = 0; quiet < 3 && i < 60; i++) { const was = lines.length; await later.setTimeout(2); await later.setImmediate(); quiet = lines.length === was ? quiet + 1 : 0 }
    for (const timer of kept) { timers.clearTimeout(timer); timers.clearImmediate(timer) }
    return lines
  }
  const all = (programs) => Promise.all(programs.map(run))`

const steps = (how: string, deep: number): Code => fc.array(step(how, deep), { minLength: 1, maxLength: deep === 0 ? 2 : 5 }).map((all) => all.join('; '))
const step = (how: string, deep: number): Code => fc.oneof(
  { weight: 6, arbitrary: deep === 0 ? fc.constant(`start("${how}")`) : steps(how, deep - 1).map((act) => `start("${how}", () => { ${act} })`) },
  fc.nat(99).chain((n) => fc.constantFrom(`tick(${n})`, `micro(${n})`, `log(${n})`)),
  fc.nat(9).chain((n) => fc.constantFrom(`timers.clear${how === 'immediate' ? 'Immediate' : 'Timeout'}(at(${n}))`, `log(at(${n})?.hasRef(), at(${n})?._destroyed)`, `log(at(${n})?.unref() === at(${n}))`, ...how === 'immediate' ? [`at(${n})?.[Symbol.dispose]()`] : [`log(again(at(${n})))`, `timers.clearInterval(+at(${n}))`, `log(at(${n})?.close() === at(${n}))`])),
)
const program = (body: string): string => `async ({ log, at, again, start, tick, micro, c }) => { ${body} }`
/** Programs that wait take little time when they wait together. */
const together = (of: Code): Code => fc.array(of, { minLength: 20, maxLength: 20 }).map((programs) => `all([${programs.join(', ')}])`)

test('drawn programs of timers do what they do in Node', async (t) => {
  const value = fc.constantFrom('1', '"v"', 'undefined', '{ a: 1 }')
  const options = mostly(fc.constantFrom('undefined', '{ signal: c.signal }', '{ signal: AbortSignal.abort() }', '{ signal: AbortSignal.abort("early") }', '{ ref: false }', '{ ref: true }', '{ signal: 5 }', '{ ref: "x" }', '{}'), 20)
  const delay = mostly(fc.constantFrom('0', '1', '2'), 14).filter((of) => !/n$|Symbol|Object\.create|40/.test(of))
  const waited = fc.oneof(fc.tuple(delay, value, options).map((args) => `later.setTimeout(${args.join(', ')})`), fc.tuple(value, options).map((args) => `later.setImmediate(${args.join(', ')})`), fc.tuple(delay, options).map((args) => `later.scheduler.wait(${args.join(', ')})`), fc.constantFrom('later.scheduler.yield()', 'util.promisify(timers.setTimeout)(1, "p")', 'util.promisify(timers.setImmediate)("p")'))
  const kinds: Record<string, Code> = {
    'timeouts': together(steps('setTimeout', 2).map(program)),
    'immediates': together(steps('immediate', 3).map(program)),
    'intervals': together(fc.tuple(fc.integer({ min: 1, max: 3 }), steps('setTimeout', 0)).map(([times, act]) => program(`let n = 0; const t = timers.setInterval((x) => { log("interval", x, t._destroyed); ${act}; if (++n === ${times}) timers.clearInterval(t) }, 1, "x")`))),
    'promises': together(fc.tuple(waited, fc.constantFrom('', 'c.abort()', 'await null; c.abort("why")', 'tick(1)', 'micro(2)')).map(([of, then]) => program(`(async () => { try { log("value", await ${of}) } catch (error) { log("failed", error) } })(); ${then}`))),
    'iterated': together(fc.tuple(delay, value, options, fc.nat(3), fc.constantFrom('', 'c.abort()', 'await later.setTimeout(3); c.abort("why")')).filter(([, , , , then]) => !then.includes('3')).map(([wait, of, how, most, then]) => program(`(async () => { let n = 0; try { for await (const value of later.setInterval(${wait}, ${of}, ${how})) { log("value", value); if (n++ === ${most}) break } log("over") } catch (error) { log("failed", error) } })(); ${then}`))),
  }
  const quick: Record<string, Code> = {
    'anything given to any of them': fc.tuple(fc.constantFrom('clearTimeout', 'clearInterval', 'clearImmediate', 'setTimeout', 'setInterval', 'setImmediate'), odd.filter((of) => !/=>|class/.test(of)), odd).map(([of, ...args]) => `timers.${of}(${args.join(', ')})`),
    'delays': fc.oneof(odd, fc.constantFrom('2 ** 31', '2 ** 31 - 1', '"7"', '0.5', '1.9', '[9]')).filter((of) => !/n$|Symbol|Object\.create/.test(of)).map((of) => `((t) => { timers.clearTimeout(t); return [t.constructor.name, t._repeat] })(timers.setInterval(() => {}, ${of}))`),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds, callsOfAKind: 10 }) // of twenty programs each
  await assertDrawnSame(t, guest, { setup: SETUP, kinds: quick, callsOfAKind: 150 })
})

test('timers have what Node\'s have', async () => {
  await assertSameAsNode(guest, SETUP, [
    'Object.entries(timers).map(([key, value]) => [key, typeof value, value.name, value.length])', 'Object.entries(later).map(([key, value]) => [key, typeof value, value.name, value.length])', 'timers.promises === later', 'new later.scheduler.constructor()',
    'run(async ({ log, start }) => { const t = start("setTimeout"); await later.setTimeout(20); log(t._destroyed, t.refresh()._destroyed); await later.setTimeout(20) })', 'run(async ({ log, start }) => { const t = start("setTimeout"); timers.clearTimeout(t); t.refresh(); log(t._destroyed) })', 'run(async ({ log }) => { let n = 0; const t = timers.setTimeout(() => { log(n, t._destroyed); if (n++ < 2) t.refresh() }, 1) })', 'run(async ({ log }) => { const t = timers.setTimeout(log, 1, "by text"); timers.clearTimeout(String(+t)) })',
    'run(async ({ log }) => { let n = 0; const t = timers.setInterval(() => { log("interval"); timers.setTimeout(() => log("timeout"), 1); if (++n === 2) t.close() }, 1) })',
  ])
})
