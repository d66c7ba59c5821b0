import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { z } from 'zod'
import { sha256 } from '../../src/core/digest.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { DEFAULT_MODULE_SETTINGS } from '../../src/core/module-variables.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { DEFAULT_WEAR } from '../../src/engine/wear.ts'
import { DEFAULT_TOOL_SETTINGS } from '../../src/tools/registry.ts'
import { ROOT } from '../run-tests.ts'
import { FUNCTIONS, INTERFACES, OBJECTS } from './interfaces.ts'
import { listNodeExports, listPackages } from './modules.ts'

/** What is missing or wrong, by the name of the global or the module; null for one that is not there at all. */
export type Findings = z.infer<typeof Findings>
const Findings = z.record(z.string(), z.array(z.string()).nullable())

/** Room for every package at one time. */
const MEMORY_MB = 512
/** Tools that bring globals of a standard along. */
const TOOLS = ['crypto', 'fetch']

/** Runs the checks of the platform in a sandbox, as the code of a job. */
export async function runChecks (): Promise<Findings> {
  enableCompileCache(join(ROOT, '.batchbox', 'compile-cache')) // where archives of the guest and of packages are kept, as in tests
  const engine = await createEngine({
    tools: DEFAULT_TOOL_SETTINGS,
    modules: DEFAULT_MODULE_SETTINGS,
    onToolError: fail,
    supervisor: { lanes: 1, spares: 0, threads: 1, memoryMb: MEMORY_MB, bootTimeoutMs: 60_000, wear: DEFAULT_WEAR, onError: fail },
    compiler: { processes: 1, timeoutMs: 60_000, onError: fail },
  })
  try {
    const globals = await runJob(engine, `${read('behaviours.js')}\n${read('check.js')}`, { interfaces: INTERFACES, functions: FUNCTIONS, objects: OBJECTS })
    const modules = await runJob(engine, read('check-modules.js'), { node: await listNodeExports(), packages: listPackages() })
    return { ...Findings.parse(globals), ...Findings.parse(modules) }
  } finally {
    await engine.close()
  }
}

async function runJob (engine: Engine, code: string, input: unknown): Promise<unknown> {
  const { outcome } = await engine.execute({
    tenant: 'docs', alone: false, code, files: {}, codeHash: sha256(code), input: JSON.stringify(input), entry: 'default', tools: TOOLS, toolConfig: {}, secrets: [], permissions: { net: ['h'] }, fence: 1,
    batchId: null, limits: { ...DEFAULT_LIMIT_POLICY.defaults, memoryMb: MEMORY_MB }, requireIsolation: [], context: { jobId: 'platform', attempt: 1, tags: {}, deadline: '2100-01-01T00:00:00.000Z' },
  }, { signal: AbortSignal.timeout(60_000), onLogs () {}, onProgress () {} })
  if (outcome.type !== 'succeeded') throw new Error(`Cannot check the platform: the job ended as ${JSON.stringify(outcome)}`)
  return JSON.parse(outcome.result)
}

function read (name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}

function fail (error: Error): never {
  throw error
}
