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
import { type GuestImage, openGuestImage, prepareGuest } from '../../src/engine/guest-image.ts'
import { loadBareSources } from '../../src/engine/guest-sources.ts'
import { RunnerProcess } from '../../src/engine/runner-process.ts'
import { buildRunnerCommand } from '../../src/engine/runner-command.ts'

const ROUNDS = 31
const RUNS_A_ROUND = 20
/** The next isolate is made then, as between most jobs. */
const PAUSE_MS = 10
const SPACE_FLAG = /semi-space/

/** What the platform costs a job that uses nothing of it. */
export const platform: Row = {
  id: 'y',
  title: 'What the globals and modules that a job does not touch cost it, and what a warm isolate holds',
  async measure ({ root }) {
    enableCompileCache(join(root, '.batchbox', 'compile-cache'))
    await using closing = new AsyncDisposableStack()
    const [whole, bare] = [await startRunner(await prepareGuest([]), closing), await startRunner(await openGuestImage(loadBareSources(), []), closing)]
    const { subject, baseline } = await compareInRounds(ROUNDS, () => whole.p50(), () => bare.p50())
    const { residentMb, heapMb } = await weighIsolates()
    return [
      { name: 'bare job in a runner, p50', value: subject, unit: 'ms' },
      { name: 'the same where the guest has no units, p50', value: baseline, unit: 'ms' },
      { name: 'difference', value: subject - baseline, unit: 'ms', target: { type: 'at most', value: 0.3 } },
      { name: 'memory of the process for each warm isolate', value: residentMb, unit: 'MB', target: { type: 'at most', value: 4 } },
      { name: 'heap of a warm isolate', value: heapMb, unit: 'MB' },
    ]
  },
}

async function startRunner (guest: GuestImage, closing: AsyncDisposableStack): Promise<{ p50 (): Promise<number> }> {
  const runner = new RunnerProcess({ ...RUNNER_OPTIONS, guest })
  closing.defer(async () => {
    runner.kill('The measurement is over')
    await runner.exited
  })
  await runner.ready

  async function measure (): Promise<number> {
    const started = performance.now()
    const answer = await runner.run({ file: 'job.js', importName: null, sources: [], code: NO_OP, input: '1', entry: 'default', context: '{"tags":{}}', limits: DEFAULT_LIMIT_POLICY.defaults, tools: [], hrtime: false }, {
      signal: new AbortController().signal, onLogs () {}, onProgress () {}, onCall () { throw new Error('Cannot call tool: there is none') },
    })
    if (answer.type !== 'done' || answer.result !== '1') throw new Error(`Cannot use measurement: the runner answered ${JSON.stringify(answer)}`)
    return performance.now() - started
  }

  return {
    async p50 () {
      const times: number[] = []
      for (let run = 0; run < RUNS_A_ROUND; run += 1) {
        times.push(await measure())
        await wait(PAUSE_MS)
      }
      return median(times)
    },
  }
}

/** With the young generation that runners have; what V8 reserves is part of what an isolate holds. */
async function weighIsolates (): Promise<{ residentMb: number, heapMb: number }> {
  const process = startBaseline('warm-isolates.ts', { execArgv: ['--no-node-snapshot', ...buildRunnerCommand().execArgv.filter((flag) => SPACE_FLAG.test(flag))] })
  try {
    return await process.ask({}) as { residentMb: number, heapMb: number } // what the baseline answers
  } finally {
    await process.close()
  }
}
