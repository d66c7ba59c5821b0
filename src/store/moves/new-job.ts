import { sha256 } from '../../core/digest.ts'
import { writeSources } from '../../core/job-sources.ts'
import type { JobRequest, JobSpec } from '../../core/job-request.ts'
import { pack } from '../codec.ts'
import { RECORD_VERSION, FILES_VERSION } from '../job-record.ts'
import { levelOf } from '../deals.ts'
import { digestTags } from '../tags.ts'
import { buildHook } from '../webhooks/hook.ts'

/** What jobs of one request have in common, as it is stored: all but their inputs. */
export interface JobTemplate {
  spec: string
  codeHash: string
  /** Packed. */
  code: Buffer
  /** What moves decide by: the wall limit, the budget of lost runs and the number of the priority. */
  bounds: string
  /** What its own webhook is told, as moves read it; empty where it has none. */
  hook: string
  /** As the moves know them. */
  tags: string
  /** Of the record. */
  version: number
  level: number
  delayMs: number
  ttlMs: number
  /** Milliseconds of the Unix epoch; 0 for as soon as it may. */
  runAtMs: number
}

/** Brings a request into the form that the moves store. */
export async function buildTemplate ({ code, files, input: _, ...spec }: JobRequest): Promise<JobTemplate> {
  const { text, hasFiles } = writeSources({ code, files })
  return templateOf(hasFiles ? { ...spec, hasFiles } : spec, sha256(text), await pack(text))
}

/** The same of code that is stored already, packed. */
export function templateOf (spec: JobSpec, codeHash: string, code: Buffer): JobTemplate {
  return {
    spec: JSON.stringify(spec),
    codeHash,
    code,
    bounds: buildBounds(spec),
    hook: buildHook(spec.webhook),
    tags: digestTags(spec.tags),
    version: versionOf(spec),
    level: levelOf(spec.priority),
    delayMs: spec.delayMs,
    ttlMs: spec.ttlMs ?? 0,
    runAtMs: spec.runAt === undefined ? 0 : Date.parse(spec.runAt),
  }
}

/** The version that a worker has to know to run such a job: one before would take a transform for a job like any other, what is written in structured form for the value itself, and sources for code. */
export function versionOf ({ transform, serialization, hasFiles }: Pick<JobSpec, 'transform' | 'serialization' | 'hasFiles'>): number {
  if (serialization === 'structured' || hasFiles) return RECORD_VERSION
  return transform ? FILES_VERSION : 1
}

/** What moves decide by, as `read_bounds` in `job.lua` reads it. */
export function buildBounds ({ limits, retry, priority }: Pick<JobSpec, 'limits' | 'retry' | 'priority'>): string {
  return `${limits.timeoutMs} ${retry.maxLost} ${levelOf(priority)}`
}
