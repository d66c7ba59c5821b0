import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { sha256 } from '../../src/core/digest.ts'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { DEFAULT_WEAR } from '../../src/engine/wear.ts'
import { DEFAULT_TOOL_SETTINGS } from '../../src/tools/registry.ts'
import { FUNCTIONS, INTERFACES, OBJECTS } from './interfaces.ts'

/** What is missing or wrong, by the name of the global; null for one that is not there at all. */
export type Findings = z.infer<typeof Findings>
const Findings = z.record(z.string(), z.array(z.string()).nullable())

/** Tools that bring globals of a standard along. */
const TOOLS = ['crypto', 'fetch']

/** Runs the checks of the platform in a sandbox, as the code of a job. */
export async function runChecks (): Promise<Findings> {
  const engine = await createEngine({
    tools: DEFAULT_TOOL_SETTINGS,
    onToolError: fail,
    supervisor: { lanes: 1, spares: 0, threads: 1, memoryMb: 128, bootTimeoutMs: 60_000, wear: DEFAULT_WEAR, onError: fail },
    compiler: { processes: 1, timeoutMs: 60_000, onError: fail },
  })
  try {
    return Findings.parse(await runJob(engine, { interfaces: INTERFACES, functions: FUNCTIONS, objects: OBJECTS }))
  } finally {
    await engine.close()
  }
}

async function runJob (engine: Engine, input: unknown): Promise<unknown> {
  const code = `${read('behaviours.js')}\n${read('check.js')}`
  const { outcome } = await engine.execute({
    tenant: 'docs', alone: false, code, files: {}, codeHash: sha256(code), input: JSON.stringify(input), entry: 'default', tools: TOOLS, toolConfig: {}, secrets: [], permissions: { net: ['h'] }, fence: 1,
    batchId: null, limits: DEFAULT_LIMIT_POLICY.defaults, requireIsolation: [], context: { jobId: 'platform', attempt: 1, tags: {}, deadline: '2100-01-01T00:00:00.000Z' },
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
