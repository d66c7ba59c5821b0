import type { Limits } from '../../core/limits.ts'
import { splitLogBudget } from '../../core/log-budget.ts'
import { CALL_CHARS, type RecordGrant } from '../../core/runner-protocol.ts'
import { buildRecordSettings } from './run-records.ts'

type GuestLimits = Pick<Limits, 'timers' | 'resultBytes' | 'logLines' | 'logBytes' | 'toolCalls' | 'concurrentToolCalls'>

/** The limits of a rehearsal: just enough for what it does. */
export const REHEARSAL_LIMITS = Object.freeze({ timers: 1, resultBytes: 1024, logLines: 100, logBytes: 10_000, toolCalls: 0, concurrentToolCalls: 1, outputBytes: 0 }) satisfies GuestLimits

/** Answers what the guest needs to know of a run's limits, records and values, as the JSON text that its `prepare` takes. */
export function buildGuestSettings (limits: GuestLimits, { records, structured = false }: { records: RecordGrant | null, structured?: boolean | undefined }): string {
  const { timers, resultBytes, toolCalls, concurrentToolCalls } = limits
  return JSON.stringify({ timers, resultBytes, structured, budget: splitLogBudget(limits), tools: { toolCalls, concurrentToolCalls, callChars: CALL_CHARS }, records: buildRecordSettings(records) })
}
