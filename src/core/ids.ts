import { randomUUIDv7 } from 'node:crypto'
import { sha256 } from './digest.ts'

const PREFIXES = { job: 'job_', batch: 'bat_', key: 'key_', sweep: 'swp_', erasure: 'era_', webhook: 'whk_', file: 'fil_', execution: 'exe_' } as const
type Kind = keyof typeof PREFIXES

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Makes an id: a prefix that names its kind and a UUIDv7 (RFC 9562), so that ids sort by the time they were made. */
export function newId (kind: Kind): string {
  return PREFIXES[kind] + randomUUIDv7()
}

/** Tells whether a text has the form of an id of that kind. */
export function isId (kind: Kind, text: string): boolean {
  return text.startsWith(PREFIXES[kind]) && UUID_V7.test(text.slice(PREFIXES[kind].length))
}

/** Milliseconds of the Unix epoch in an id's UUIDv7 (RFC 9562). */
export function timeOfId (id: string): number {
  return Number.parseInt(id.slice(4, 17).replace('-', ''), 16)
}

/** Digits of an id that count the items of a batch. */
const ITEM_DIGITS = 6
/** Most items that ids can be made for. */
export const ITEM_IDS = 16 ** ITEM_DIGITS

/**
 * Makes the id of the job that is an item of a batch: the batch's own, its last digits replaced by the item's index. So whoever knows a batch knows
 * its jobs, and whoever posts an item again posts the same job. The moves' Lua makes the same.
 */
export function itemId (batchId: string, index: number): string {
  return PREFIXES.job + batchId.slice(PREFIXES.batch.length, -ITEM_DIGITS) + index.toString(16).padStart(ITEM_DIGITS, '0')
}

/** Reads the index back out of the id of an item. */
export function itemIndex (jobId: string): number {
  return Number.parseInt(jobId.slice(-ITEM_DIGITS), 16)
}

/**
 * Makes the id of the batch of a job's shards: of the time of the job's own, and otherwise drawn from it, so that whoever runs the job again means the same batch. It is no
 * item's: those of a batch that the job is an item of have the job's own digits.
 */
export function shardsId (jobId: string): string {
  const digits = sha256(`shards of ${jobId}`)
  return `${PREFIXES.batch}${jobId.slice(PREFIXES.job.length, PREFIXES.job.length + 15)}${digits.slice(0, 3)}-8${digits.slice(3, 6)}-${digits.slice(6, 18)}`
}
