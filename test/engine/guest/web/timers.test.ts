import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { run, resultOf, failureOf } = await openGuest()

const WAIT = 'const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms))'
const within = (body: string) => `${WAIT}\nexport default async (input, context) => { const out = []; ${body}; return out }`

test('timers run in the order of their time, and in order of start when it is the same', async () => {
  const out = await resultOf(within(`
    setTimeout(() => out.push('late'), 200); setTimeout(() => out.push('early'), 100); setTimeout(() => out.push('middle'), 150)
    setTimeout(() => out.push('now 1')); setTimeout(() => out.push('now 2'), 0); setTimeout(() => out.push('now 3'), -5); setTimeout(() => out.push('now 4'), NaN)
    await wait(250)`))

  assert.deepEqual(out, ['now 1', 'now 2', 'now 3', 'now 4', 'early', 'middle', 'late'])
})

test('a timer may be started in a timer', async () => {
  assert.deepEqual(await resultOf(within(`await new Promise((resolve) => setTimeout(() => { out.push('outer'); setTimeout(() => { out.push('inner'); resolve() }) }, 1))`)), ['outer', 'inner'])
})

test('a timer hands its arguments on', async () => {
  assert.deepEqual(await resultOf(within(`await new Promise((resolve) => setTimeout((...args) => { out.push(args); resolve() }, 1, 1, 'two', [3]))`)), [[1, 'two', [3]]])
})

test('a cleared timer does not run, and clearing what is none does nothing', async () => {
  const out = await resultOf(within(`
    const id = setTimeout(() => out.push('no'), 1); clearTimeout(id); clearTimeout(id)
    const other = setInterval(() => out.push('no'), 1); clearTimeout(other)
    const first = setTimeout(() => { clearTimeout(second); out.push('first') }, 2); const second = setTimeout(() => out.push('no'), 2)
    for (const odd of [undefined, null, {}, 'x', NaN, -1, 999999]) { clearTimeout(odd); clearInterval(odd) }
    await wait(20); out.push(typeof id)`))

  assert.deepEqual(out, ['first', 'number'])
})

test('an interval repeats until it is cleared, from inside, too', async () => {
  assert.deepEqual(await resultOf(within(`await new Promise((resolve) => { const id = setInterval((word) => { out.push(word); if (out.length === 3) { clearInterval(id); resolve() } }, 2, 'tick') }); await wait(10)`)), ['tick', 'tick', 'tick'])
})

test('microtasks run between two timers', async () => {
  const out = await resultOf(within(`
    setTimeout(() => { out.push('timer 1'); Promise.resolve().then(() => out.push('promise')); queueMicrotask(() => out.push('microtask')) }, 1)
    setTimeout(() => out.push('timer 2'), 1)
    await wait(20)`))

  assert.deepEqual(out, ['timer 1', 'promise', 'microtask', 'timer 2'])
})

test('a callback must be a function', async () => {
  for (const start of ['setTimeout("x")', 'setInterval()', 'queueMicrotask({})']) {
    const { code, name } = await failureOf(`export default () => ${start}`)
    assert.deepEqual([code, name], ['USER_ERROR', 'TypeError'])
  }
})

test('one timer more than the limit fails the run, even when user code catches it', async () => {
  for (const body of ['for (;;) setTimeout(() => {}, 1e6)', 'for (let i = 0; i < 20; i++) try { setInterval(() => {}, 1e6) } catch {}', 'for (;;) AbortSignal.timeout(1e6)']) {
    const { failure } = await run(`export default () => { ${body} }`, { limits: { timers: 10 } })
    assert.deepEqual([failure?.code, failure?.observed], ['TIMER_LIMIT', 11])
  }
})

test('only pending timers count: those that ran or were cleared make room', async () => {
  const answer = await resultOf(`${WAIT}
    export default async () => {
      for (let i = 0; i < 100; i++) clearTimeout(setTimeout(() => {}, 1e6))
      for (let i = 0; i < 9; i++) setTimeout(() => {}, 1e6)
      for (let i = 0; i < 5; i++) await wait(1)
      return 'room'
    }`, { limits: { timers: 10 } })

  assert.equal(answer, 'room')
})

test('arguments are converted as Web IDL has it: a time is a long, which wraps around', async () => {
  assert.deepEqual(await resultOf(within(`
    const nameOf = (attempt) => { try { attempt(); return 'no error' } catch (error) { return error.name } }
    for (const [name, delay] of [['2 ** 32', 2 ** 32], ['2 ** 31', 2 ** 31], ['text', '1'], ['object', { valueOf: () => 1 }], ['fraction', 0.9], ['Infinity', Infinity]]) setTimeout(() => out.push(name), delay)
    const unread = setTimeout(() => out.push('cleared by text'), 1); clearTimeout(String(unread))
    await wait(30)
    out.sort()
    out.push([() => setTimeout(() => {}, Symbol()), () => setTimeout(() => {}, 1n), () => clearTimeout(Symbol()), () => setTimeout(), () => new setTimeout(() => {})].map(nameOf))
    out.push([setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, reportError].map((f) => f.name + f.length), setTimeout(() => {}) < setTimeout(() => {}), typeof setImmediate)`)), [
    '2 ** 31', '2 ** 32', 'Infinity', 'fraction', 'object', 'text', Array<string>(5).fill('TypeError'), ['setTimeout1', 'setInterval1', 'clearTimeout0', 'clearInterval0', 'queueMicrotask1', 'reportError1'], true, 'undefined',
  ])
})

test('a callback is called on the global object', async () => {
  assert.deepEqual(await resultOf(within(`await new Promise((resolve) => setTimeout(function () { out.push(this === globalThis, arguments.length); resolve() }))`)), [true, 0])
})

test('timers that start one another take 4 ms from the sixth on', async () => {
  const times = await resultOf(within(`
    let last = Date.now()
    await new Promise((resolve) => { const nest = (depth) => { out.push(Date.now() - last); last = Date.now(); if (depth < 12) setTimeout(nest, 0, depth + 1); else resolve() }; setTimeout(nest, 0, 1) })`)) as number[]

  assert.equal(times.length, 12)
  assert.ok(times.slice(7).every((ms) => ms >= 4), times.join())
})

test('what is thrown in a timer, or told to reportError, ends the run', async () => {
  for (const body of ['setTimeout(() => { throw new RangeError("x") })', 'reportError(new RangeError("x"))', 'queueMicrotask(() => { throw new RangeError("x") })']) {
    const { code, name, message } = await failureOf(`export default async () => { ${body}; await new Promise(() => {}) }`)
    assert.deepEqual([code, name, message], ['USER_ERROR', 'RangeError', 'x'])
  }
})

test('many that are started and cleared are no more than those that wait', async () => {
  assert.deepEqual(await resultOf(within(`
    for (let i = 0; i < 100_000; i++) clearTimeout(setTimeout(() => out.push('no'), i))
    for (let i = 500; i > 0; i--) setTimeout(() => out.push(i), i % 7)
    while (out.length < 500) await wait(10)
    const due = out.splice(0)
    out.push(due.length, [0, 1, 2, 3, 4, 5, 6].every((ms) => due.filter((i) => i % 7 === ms).every((i, at, all) => at === 0 || all[at - 1] > i)))`)), [500, true])
})
