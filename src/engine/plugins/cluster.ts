import type { Plugin } from '../plugin.ts'
import { Supervisor, type SupervisorOptions } from '../supervisor.ts'

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
      api.on('onSpawn', async (run) => {
        if (run.outcome) return
        const lease = await supervisor.acquire(run.request, run.hooks.signal)
        if (!lease) return // cancelled: the guard says so
        const { runner, release } = lease
        run.runner = runner
        run.isolation = runner.isolation ?? null
        run.releases.push(release)
      })
    },
  }
}
