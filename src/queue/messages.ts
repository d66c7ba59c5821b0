import { z } from 'zod'
import type { Priority } from '../core/job-request.ts'

/** Name of the one queue of jobs. */
export const QUEUE_NAME = 'jobs'

/** What the queue carries: all else is in the store. */
export const Message = z.object({ jobId: z.string(), turn: z.number().int() })
export type Message = z.infer<typeof Message>

/** BullMQ takes the lowest number first. */
export const QUEUE_PRIORITY = { critical: 1, high: 2, normal: 3, low: 4 } as const satisfies Record<Priority, number>

/** Id of a turn's message: BullMQ refuses a twin while it has one of the same id. */
export function messageId ({ jobId, turn }: Message): string {
  return `${jobId}-${turn}`
}
