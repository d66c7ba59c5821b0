import { z } from 'zod'
import type { Priority } from '../core/job-request.ts'

/** A queue, and what its messages say. */
export interface Channel<T> {
  name: string
  message: z.ZodType<T>
}

/** What the queue of jobs carries: all else is in the store. */
export const Message = z.object({ jobId: z.string(), turn: z.number().int() })
export type Message = z.infer<typeof Message>

/** What the queue of webhooks carries: tries of deliveries. */
export const WebhookMessage = z.object({ deliveryId: z.string(), number: z.number().int() })
export type WebhookMessage = z.infer<typeof WebhookMessage>

export const JOBS: Channel<Message> = { name: 'jobs', message: Message }
export const WEBHOOKS: Channel<WebhookMessage> = { name: 'webhooks', message: WebhookMessage }

/** BullMQ takes the lowest number first. */
export const QUEUE_PRIORITY = { critical: 1, high: 2, normal: 3, low: 4 } as const satisfies Record<Priority, number>

/** Id of a turn's message: BullMQ refuses a twin while it has one of the same id. */
export function messageId ({ jobId, turn }: Message): string {
  return `${jobId}-${turn}`
}

/** The same of a try. */
export function webhookMessageId ({ deliveryId, number }: WebhookMessage): string {
  return `${deliveryId}-${number}`
}
