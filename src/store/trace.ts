import type { Place } from './cipher.ts'
import type { Db } from './db.ts'
import { readOwner } from './owner.ts'
import { loadMove, runMove } from './script.ts'
import { placeOf } from './sealing.ts'
import { packSegment, readSegments, SEGMENTED } from './segments.ts'

/** Spans as OTLP/JSON: an `ExportTraceServiceRequest` of the OpenTelemetry protocol. */
export interface TraceChunk {
  resourceSpans: unknown[]
}

export interface TraceBounds {
  /** Most bytes that a job's trace may take in Redis; a chunk that would pass it is left out. */
  maxBytes: number
  /** How long a trace is kept after the last chunk. */
  ttlMs: number
}

const SCRIPT = loadMove(new URL('trace.lua', import.meta.url))

/** Adds spans to the trace of a job; bytes are the JSON of a chunk. Answers false where they were left out: the job is gone, or its trace is full. */
export async function appendTrace (db: Db, jobId: string, chunk: TraceChunk | Uint8Array, { maxBytes, ttlMs }: TraceBounds): Promise<boolean> {
  const json = chunk instanceof Uint8Array ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : JSON.stringify(chunk)
  const segment = await packSegment(db, json, await placeOfTrace(db, jobId))
  return await runMove(db, SCRIPT, jobId, [maxBytes, ttlMs, SEGMENTED, segment]) === 1
}

/** Reads the spans kept for a job, in the order they came; none where there are none. */
export async function readTrace (db: Db, jobId: string): Promise<TraceChunk> {
  const value = await db.redis.getBuffer(db.keys.trace(jobId))
  const place = await placeOfTrace(db, jobId)
  const resourceSpans: unknown[] = []
  if (value) {
    for await (const text of readSegments(db, value, () => place)) resourceSpans.push(...(JSON.parse(text) as TraceChunk).resourceSpans) // appendTrace wrote it
  }
  return { resourceSpans }
}

async function placeOfTrace (db: Db, jobId: string): Promise<Place> {
  return placeOf('trace', await readOwner(db, jobId), jobId)
}
