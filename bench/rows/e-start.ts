import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startBaseline } from '../baseline.ts'
import { RUNNER_OPTIONS } from '../engine.ts'
import { NO_OP } from '../jobs.ts'
import { compareInRounds } from '../rounds.ts'
import type { Row } from '../row.ts'
import { median } from '../statistics.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { type GuestImage, prepareGuest } from '../../src/engine/guest-image.ts'
import { RunnerProcess } from '../../src/engine/runner-process.ts'

const ROUNDS = 9
const PAUSE_MS = 200

/** How long a runner takes to come up; spares hide it. */
export const start: Row = {
  id: 'e',
  title: 'From the fork of a runner process to the end of its first job',
  async measure ({ root }) {
    enableCompileCache(join(root, '.batchbox', 'compile-cache')) // the command starts workers with one, and runners keep theirs below it
    await startRunner(await prepareGuest([])) // fills it
    const guest = await prepareGuest([])
    const readyTimes: number[] = []
    const { ratio, subject, baseline } = await compareInRounds(ROUNDS, async () => {
      const { readyMs, firstJobMs } = await startRunner(guest)
      readyTimes.push(readyMs)
      return firstJobMs
    }, startPlain)
    return [
      { name: 'fork to first job done', value: subject, unit: 'ms' },
      { name: 'fork to ready', value: median(readyTimes), unit: 'ms', target: { type: 'at most', value: 400 } },
      { name: 'plain Node, fork to a module loaded and its answer', value: baseline, unit: 'ms' },
      { name: 'runner ÷ plain Node', value: ratio, unit: 'ratio' },
    ]
  },
}

async function startRunner (guest: GuestImage): Promise<{ readyMs: number, firstJobMs: number }> {
  const started = performance.now()
  const runner = new RunnerProcess({ ...RUNNER_OPTIONS, guest })
  try {
    await runner.ready
    const readyMs = performance.now() - started
    const task = { file: 'job.js', importName: null, sources: [], code: NO_OP, input: '1', entry: 'default', context: '{}', limits: DEFAULT_LIMIT_POLICY.defaults, tools: [], hrtime: false }
    const answer = await runner.run(task, { signal: new AbortController().signal, onLogs () {}, onProgress () {}, onCall: noTools })
    if (answer.type !== 'done' || answer.result !== '1') throw new Error(`Cannot use measurement: the runner answered ${JSON.stringify(answer)}`)
    return { readyMs, firstJobMs: performance.now() - started }
  } finally {
    runner.kill('The measurement is over')
    await runner.exited
    await wait(PAUSE_MS) // the system takes a dead process's memory back
  }
}

function noTools (): never {
  throw new Error('Cannot call tool: there is none')
}

async function startPlain (): Promise<number> {
  const started = performance.now()
  const plain = startBaseline('plain.ts')
  try {
    await plain.ask({ url: `data:text/javascript,${encodeURIComponent(NO_OP)}` })
    return performance.now() - started
  } finally {
    await plain.close()
    await wait(PAUSE_MS)
  }
}
