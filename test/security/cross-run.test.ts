import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allMessages, startEngine, type RunOptions } from '../helpers/engine.ts'
import { inEntry } from './attack.ts'
import { leaks } from './groups/cross-run.ts'
import { checkShape } from './play.ts'

const tools = ['echo', 'crypto']
// One runner for everything, so that each run comes into the process of the one before
const { engine, run, resultOf } = await startEngine({ lanes: 1, spares: 0 })

test('cross-run leaks', async (t) => {
  for (const { name, leaves, left, finds, options, killsRunner = false } of leaks) {
    await t.test(name, async () => {
      const [runner] = engine.runnerPids()

      checkShape(await run(inEntry(leaves), { tools, ...options }), options?.limits)
      const record = await run(inEntry(left), { tools, input: 'own', tags: { own: 'tag' } })

      const { outcome } = record.report
      assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome))
      assert.deepEqual(JSON.parse(outcome.result), finds)
      assert.deepEqual([allMessages(record), record.progress], [['own'], []])
      assert.equal(engine.runnerPids()[0] === runner, !killsRunner)
    })
  }
})

test('random numbers of one run tell nothing of those of the next', async () => {
  const draw = inEntry('return [Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(2)).join()]')
  const drawn = await Promise.all(Array.from({ length: 20 }, () => resultOf(draw, { tools })))

  assert.equal(new Set((drawn as unknown[][]).flat()).size, 60)
})

test('a run is charged for its own processor time, logs and calls alone', async () => {
  await run(inEntry('for (let i = 0; i < 500; i++) console.log("x".repeat(1000)); for (let i = 0; i < 900; i++) await echo.say("x"); const until = Date.now() + 300; while (Date.now() < until);'), { tools })

  const { report: { outcome: { usage } } } = await run(inEntry('console.log("own"); return await echo.say("own")'), { tools })

  assert.deepEqual([usage.logBytes, usage.toolCalls, usage.resultBytes], [3, 1, 5])
  assert.ok(usage.cpuMs < 150, `${usage.cpuMs} ms`)
})

test('two runs at one time in one process see nothing of each other', async () => {
  const shared = await startEngine({ lanes: 2, spares: 0, threads: 2 })
  const options = (input: string): RunOptions => ({ tools, input })
  const code = inEntry(`globalThis.leaked = (globalThis.leaked ?? []).concat(input); Object.prototype['of ' + input] = 1; console.count(); console.group(input)
    for (let i = 0; i < 20; i++) { await new Promise((resolve) => setTimeout(resolve, 1)); if (await echo.say(input) !== input) return 'another answer' }
    const names = []; for (const name in {}) names.push(name); return [globalThis.leaked, names]`)

  const records = await Promise.all(Array.from({ length: 10 }, (_, n) => shared.run(code, options(`run ${n}`))))

  for (const [n, record] of records.entries()) {
    const { outcome } = record.report
    assert.equal(outcome.type === 'succeeded' && outcome.result, JSON.stringify([[`run ${n}`], [`of run ${n}`]]), JSON.stringify(outcome))
    assert.deepEqual(allMessages(record), ['default: 1', `run ${n}`])
  }
})
