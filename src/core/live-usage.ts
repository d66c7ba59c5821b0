import { z } from 'zod'

/** What a run has taken up to now. `memoryBytes` is null where others run in the same process, so that nobody can tell. */
export interface LiveUsage {
  wallMs: number
  cpuMs: number
  memoryBytes: { now: number, peak: number } | null
  /** Logged, kept or not. */
  logLines: number
  logBytes: number
  toolCalls: number
}

/** Payload of `job.usage`: what the job's run of that number has taken so far. Times in milliseconds, since its code began. */
export const UsagePayload = z.object({
  run: z.number().int(),
  wallMs: z.number(),
  cpuMs: z.number(),
  memoryBytes: z.number().nullable(),
  peakMemoryBytes: z.number().nullable(),
  logBytes: z.number(),
  toolCalls: z.number(),
})
export type UsagePayload = z.infer<typeof UsagePayload>

/** Payload of `job.warning`: the run came that near to one of its limits; `configured` and `observed` in the limit's own unit. */
export const WarningPayload = z.object({
  run: z.number().int(),
  limit: z.string(),
  configured: z.number(),
  observed: z.number(),
  share: z.number(),
})
export type WarningPayload = z.infer<typeof WarningPayload>
