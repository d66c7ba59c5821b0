import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveUsage } from '../../src/core/live-usage.ts'
import { failureIn, startEngine, type RunOptions } from '../helpers/engine.ts'

const MB = 1_048_576
const { run } = await startEngine({ lanes: 2, spares: 0 })

/** Runs code until something that it takes is seen; answers all that was seen. */
async function runUntil (code: string, isEnough: (usage: LiveUsage) => boolean, options: RunOptions = {}) {
  const seen: LiveUsage[] = []
  const enough = new AbortController()
  const { report } = await run(code, { ...options, signal: enough.signal, onUsage (usage) {
    seen.push(usage)
    if (isEnough(usage)) enough.abort()
  } })
  return { seen, outcome: report.outcome }
}

test('the processor time of an endless loop is seen to grow until its limit, and never to fall', async () => {
  const seen: number[] = []

  const { report } = await run('export default () => { for (;;) {} }', { limits: { cpuMs: 600 }, onUsage: ({ cpuMs }) => seen.push(cpuMs) })

  assert.equal(failureIn(report).code, 'CPU_LIMIT')
  assert.ok(new Set(seen).size >= 3, `${seen}`)
  assert.deepEqual(seen, seen.toSorted((a, b) => a - b))
  assert.ok(Math.max(...seen) <= 700, `${seen}`)
})

test('code that waits is seen to take no processor time', async () => {
  const { seen, outcome } = await runUntil('export default () => new Promise(() => {})', ({ wallMs }) => wallMs >= 1000)

  assert.equal(outcome.type, 'cancelled')
  assert.ok(seen.every(({ cpuMs }) => cpuMs < 100), JSON.stringify(seen.at(-1)))
})

test('memory is seen before the limit is met, in a loop that never lets go of its isolate', async () => {
  const code = 'export default () => { const kept = []; for (let n = 0; n < 100; n++) kept.push(new Array(131_072).fill(n)); for (;;) {} }'

  const { seen, outcome } = await runUntil(code, ({ memoryBytes }) => memoryBytes !== null && memoryBytes.peak >= 90 * MB)

  assert.equal(outcome.type, 'cancelled')
  assert.ok((seen.at(-1)?.memoryBytes?.now ?? 0) > 64 * MB)
})

test('lines and calls are counted while the run goes on, those of natives too', async () => {
  const code = 'export default async () => { console.log("four"); await echo.say("x"); for (let n = 0; n < 5; n++) crypto.randomUUID(); await new Promise(() => {}) }'

  const { seen } = await runUntil(code, ({ logLines, toolCalls }) => logLines === 1 && toolCalls > 1, { tools: ['echo', 'crypto'] })

  assert.equal(seen.at(-1)?.logBytes, 4)
})
