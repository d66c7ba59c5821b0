import type { Plugin } from '../kernel.ts'
import { Supervisor, type SupervisorOptions } from '../supervisor.ts'

export interface ClusterPlugin extends Plugin {
  pids (): number[]
}

/** Lends each run a runner and takes it back when the run is over. */
export async function cluster (options: SupervisorOptions): Promise<ClusterPlugin> {
  const supervisor = await Supervisor.start(options)
  return {
    name: 'cluster',
    async onSpawn (run) {
      if (run.outcome) return
      const lease = await supervisor.acquire(run.request, run.hooks.signal)
      if (!lease) return // cancelled: the guard says so
      const { runner, release } = lease
      run.runner = runner
      run.isolation = runner.isolation ?? null
      run.releases.push(release)
    },
    pids: () => supervisor.pids,
    close: () => supervisor.close(),
  }
}
