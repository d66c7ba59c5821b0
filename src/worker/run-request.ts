import type { RunRequest } from '../engine/engine.ts'
import type { Run } from '../store/db.ts'
import type { BegunJob } from '../store/moves/begin.ts'

/** Says to the engine what a run is to execute. Redis's clock is `skewMs` ahead of that of this machine. */
export function buildRequest ({ id, tenant, alone, attempt, spec, code, files, codeHash, input, startedAt, batchId }: BegunJob, { fence }: Run, skewMs: number): RunRequest {
  const { entry, limits, requireIsolation, tags, tools, toolConfig = {}, secrets = [], permissions, serialization } = spec // what the version before stored has no toolConfig and no secrets
  const deadline = new Date(startedAt - skewMs + limits.timeoutMs).toISOString() // by the clock that the code reads
  return { tenant, alone, code, files, codeHash, input, structured: serialization === 'structured', entry, tools, toolConfig, secrets, permissions, fence, batchId, limits, requireIsolation, context: { jobId: id, attempt, tags, deadline } }
}
