import { z } from 'zod'

/** One vocabulary everywhere: stored, streamed, in webhooks. */
export const EVENT_TYPES = [
  'job.queued', 'job.scheduled', 'job.started', 'job.log', 'job.progress', 'job.checkpoint', 'job.usage', 'job.warning',
  'job.lost', 'job.retrying', 'job.logs_dropped', 'job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired',
  'batch.progress', 'batch.completed', 'file.uploaded', 'file.deleted', 'system.heartbeat', 'system.dropped', 'system.shutdown',
] as const
export const EventType = z.enum(EVENT_TYPES)
export type EventType = z.infer<typeof EventType>

export const LOG_LEVELS = ['trace', 'debug', 'log', 'info', 'warn', 'error', 'exception'] as const
export const LogLevel = z.enum(LOG_LEVELS)
export type LogLevel = z.infer<typeof LogLevel>

/** An event that has no number yet; the store numbers it when it is appended. `time` is in milliseconds of the Unix epoch. */
export interface NewEvent {
  type: EventType
  time: number
  payload: Readonly<Record<string, unknown>>
}

/** One entry of a job's history. `sequence` counts from 1 without a gap, over all runs. `attempt` is 0 before the first. */
export interface JobEvent extends NewEvent {
  sequence: number
  attempt: number
}

/** Version of the form that events have on the wire. Members and types that a reader does not know are to be ignored: adding some does not raise it. */
export const EVENT_VERSION = 1

/** An event as the API answers it. */
export const EventView = z.object({
  cursor: z.number().int().describe('Where a reader that has seen this event goes on: `after`, or `Last-Event-ID`'),
  sequence: z.number().int().describe('Number of the event in the history of its subject, from 1'),
  id: z.string(),
  type: EventType,
  version: z.literal(EVENT_VERSION),
  subject: z.string().describe('Id of the job or batch that it tells of'),
  time: z.iso.datetime(),
  attempt: z.number().int(),
  payload: z.record(z.string(), z.unknown()),
})
export type EventView = z.infer<typeof EventView>

/** Brings an event of a job or batch into the form that is sent. The cursor is another number than the event's own where events of several are read as one sequence. */
export function viewEvent (subject: string, { sequence, type, time, attempt, payload }: JobEvent, cursor = sequence): EventView {
  return { cursor, sequence, id: `${subject}-${sequence}`, type, version: EVENT_VERSION, subject, time: new Date(time).toISOString(), attempt, payload: { ...payload } }
}

/** A log line as the API answers it. */
export const LogLine = z.object({
  sequence: z.number().int(),
  time: z.iso.datetime(),
  level: LogLevel,
  message: z.string(),
  attempt: z.number().int(),
})
export type LogLine = z.infer<typeof LogLine>
