import { execute, RUNNER_OPTIONS } from '../bench/engine.ts'
import { median } from '../bench/statistics.ts'
import type { ModuleSettings } from '../src/core/module-variables.ts'
import { createEngine, type Engine } from '../src/engine/engine.ts'
import { DEFAULT_WEAR } from '../src/engine/wear.ts'
import { DEFAULT_TOOL_SETTINGS } from '../src/tools/registry.ts'

const RUNS = 9

/** Measures for how many milliseconds a job waits for a module that it is the first to import, by its specifier: the median of several runs. */
export async function measureFirstUse (modules: ModuleSettings, specifiers: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const engine = await createEngine({
    modules,
    tools: DEFAULT_TOOL_SETTINGS,
    onToolError: fail,
    supervisor: { lanes: 1, spares: 0, wear: DEFAULT_WEAR, ...RUNNER_OPTIONS, onError: fail },
    compiler: { onError: fail },
  })
  try {
    const times = new Map<string, number>()
    for (const specifier of specifiers) times.set(specifier, await measure(engine, specifier))
    return times
  } finally {
    await engine.close()
  }
}

async function measure (engine: Engine, specifier: string): Promise<number> {
  const code = `export default async () => { performance.now(); const begun = performance.now(); await import(${JSON.stringify(specifier)}); return performance.now() - begun }`
  const times: number[] = []
  for (let run = 0; run < RUNS; run += 1) times.push(Number((await execute(engine, code, { permissions: { hrtime: true } })).result))
  return median(times)
}

function fail (error: Error): never {
  throw error
}
