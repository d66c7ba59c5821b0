import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewEvent } from '../../src/core/events.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import type { LiveUsage } from '../../src/core/live-usage.ts'
import { UsageReporter, type UsageSettings } from '../../src/worker/usage-reporter.ts'

const MB = 1_048_576
const DAY_MS = 24 * 60 * 60 * 1000
const { defaults } = DEFAULT_LIMIT_POLICY

function openReporter (settings: Partial<UsageSettings> = {}, limits = defaults) {
  const events: NewEvent[] = []
  const reporter = new UsageReporter({ everyMs: 1000, warnShare: 0.8, ...settings, run: 3, limits, add: (event) => { events.push(event) } })
  const take = (usage: Partial<LiveUsage>) => reporter.take({ wallMs: 0, cpuMs: 0, memoryBytes: { now: 0, peak: 0 }, logLines: 0, logBytes: 0, toolCalls: 0, ...usage })
  const payloads = (type: string) => events.filter((event) => event.type === type).map(({ payload }) => payload)
  return { take, events, payloads }
}

test('a run is told of each second at first, then ever more rarely, and at most a hundred times whatever its length', () => {
  const { take, payloads } = openReporter({}, { ...defaults, timeoutMs: 30 * DAY_MS })

  for (let wallMs = 100; wallMs <= DAY_MS; wallMs += 100) take({ wallMs })
  const times = payloads('job.usage').map(({ wallMs }) => wallMs)
  assert.deepEqual(times.slice(0, 8), [1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000])
  assert.ok(times.length > 50 && times.length < 100, `${times.length}`)
  assert.ok(Number(times.at(-1)) > DAY_MS / 2)

  for (let wallMs = 10 * DAY_MS; wallMs < 1e6 * DAY_MS; wallMs *= 1.2) take({ wallMs })
  assert.equal(payloads('job.usage').length, 100)
})

test('a run that is shorter than that is told nothing of', () => {
  const { take, events } = openReporter()

  for (let wallMs = 100; wallMs < 1000; wallMs += 100) take({ wallMs })

  assert.deepEqual(events, [])
})

const NEAR: [limit: string, usage: Partial<LiveUsage>, configured: number, observed: number][] = [
  ['timeoutMs', { wallMs: 24_000 }, 30_000, 24_000],
  ['cpuMs', { cpuMs: 8001.2 }, 10_000, 8001],
  ['memoryMb', { memoryBytes: { now: MB, peak: 103 * MB } }, 128, 103],
  ['logBytes', { logBytes: 2 * MB }, MB, 2 * MB],
  ['logLines', { logLines: 800 }, 1000, 800],
  ['toolCalls', { toolCalls: 900 }, 1000, 900],
]

for (const [limit, usage, configured, observed] of NEAR) {
  test(`a run that comes near to its ${limit} is warned, once`, () => {
    const { take, payloads } = openReporter({ everyMs: 0 })

    take({})
    for (let times = 0; times < 3; times++) take(usage)

    assert.deepEqual(payloads('job.warning'), [{ run: 3, limit, configured, observed, share: 0.8 }])
  })
}

test('neither is told where an operator wants none of it; a limit of none is never near', () => {
  const { take, events } = openReporter({ everyMs: 0, warnShare: 0 })
  const { take: takeWithout, payloads } = openReporter({}, { ...defaults, toolCalls: 0 })

  take({ wallMs: 29_999, cpuMs: 9999 })
  takeWithout({})

  assert.deepEqual([events, payloads('job.warning')], [[], []])
})
