import { sha256 } from '../../core/digest.ts'
import type { BatchWebhook, JobWebhook } from '../../core/webhook.ts'

/** Enough that no two receivers of a tenant share a lane by chance. */
const RECEIVER_DIGITS = 24
const BATCH_EVENTS = ['batch.completed']

/**
 * Writes what moves are to know of the webhook that a job or a batch came with, as `owe_webhooks` in `moves/webhooks.lua` reads it: a name for whoever receives it, and the
 * events. Those who post to one server share a lane, whatever the rest of their URLs. Empty where there is none.
 */
export function buildHook (webhook: JobWebhook | BatchWebhook | undefined): string {
  if (!webhook) return ''
  return `${sha256(new URL(webhook.url).origin).slice(0, RECEIVER_DIGITS)} ${writeEvents('events' in webhook ? webhook.events : BATCH_EVENTS)}`
}

/** Writes events so that each is found between two commas. */
export function writeEvents (events: readonly string[]): string {
  return `,${events.join(',')},`
}
