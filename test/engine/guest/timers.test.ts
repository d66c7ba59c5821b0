import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureIn, startEngine } from '../../helpers/engine.ts'

const { run, resultOf, failureOf } = await startEngine({ lanes: 1, spares: 0 })

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
  for (const body of ['for (;;) setTimeout(() => {}, 1e6)', 'for (let i = 0; i < 20; i++) try { setInterval(() => {}, 1e6) } catch {}']) {
    const { code, limit } = await failureOf(`export default () => { ${body} }`, { limits: { timers: 10 } })
    assert.deepEqual([code, limit], ['TIMER_LIMIT', { name: 'timers', configured: 10, observed: 11, suggested: 22 }])
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

test('progress is delivered while the code runs, thinned to one in 100 ms, and the last one always arrives', async () => {
  const cancel = new AbortController()
  const first = await run(`${WAIT}; export default async (input, context) => { context.progress(0.25, 'first'); await wait(60_000) }`, {
    limits: { timeoutMs: 60_000 }, signal: cancel.signal, onProgress: () => cancel.abort(),
  })
  assert.equal(first.report.outcome.type, 'cancelled') // by the progress that it made
  assert.deepEqual(first.progress, [{ value: 0.25, message: 'first' }])

  const { progress } = await run(`export default (input, context) => { for (let i = 0; i <= 1000; i++) context.progress(i / 1000, 'at ' + i) }`)
  assert.ok(progress.length <= 3)
  assert.deepEqual(progress.at(-1), { value: 1, message: 'at 1000' })
})

test('progress takes a finite number and any message, cut at 1024 characters', async () => {
  const { report, progress } = await run(`export default (input, context) => {
    const refused = [NaN, Infinity, '5', null, undefined, {}].filter((value) => { try { context.progress(value); return false } catch (error) { return error instanceof TypeError } })
    context.progress(-3.5, { toString: () => '\\0'.repeat(5000) })
    return refused.length
  }`)

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '6')
  assert.deepEqual(progress, [{ value: -3.5, message: '\0'.repeat(1024) }])
})

test('a run that is killed keeps the progress it made', async () => {
  const { report, progress } = await run(`export default (input, context) => { context.progress(0.5, 'half'); for (;;) {} }`, { limits: { timeoutMs: 100 } })

  failureIn(report, 'TIMEOUT')
  assert.deepEqual(progress, [{ value: 0.5, message: 'half' }])
})
