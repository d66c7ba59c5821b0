import { JobError } from '../../core/failures.ts'
import type { RunContext } from '../kernel.ts'
import type { Plugin } from '../plugin.ts'
import { type Lease, Supervisor, type SupervisorOptions } from '../supervisor.ts'

/** Lends each run a runner and takes it back when the run is over. Shares `runners` and `modules`. */
export function cluster (buildOptions: () => Promise<SupervisorOptions>): Plugin {
  return {
    name: 'cluster',
    async setup (api) {
      const options = await buildOptions()
      const supervisor = await Supervisor.start(options)
      api.onClose(() => supervisor.close())
      api.provide('modules', { key: options.guest.modulesKey })
      api.provide('runners', { pids: () => supervisor.pids, figures: () => supervisor.figures })
      const acquire = (run: RunContext): Promise<Lease | undefined> => supervisor.acquire(run.request, run.hooks.signal).catch((error: unknown) => {
        if (!(error instanceof JobError)) throw error
        run.fail(error.code, error.message)
        return undefined
      })
      api.on('onSpawn', async (run) => {
        if (run.outcome) return
        const lease = await acquire(run)
        if (!lease) return // cancelled: the guard says so; or there is none
        const { runner, release } = lease
        run.runner = runner
        run.isolation = runner.isolation ?? null
        run.releases.push(release)
      })
    },
  }
}
