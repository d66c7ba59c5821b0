import { z } from 'zod'
import { isRange } from '../../net/address-policy.ts'
import { WEBHOOK_DELAYS_MS } from './schedule.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const TRIES_MAX = 50

function splitList (text: string): string[] {
  return text.split(',').map((each) => each.trim()).filter(Boolean)
}

const Delays = z.string().default(WEBHOOK_DELAYS_MS.join(',')).transform(splitList)
  .pipe(z.array(z.coerce.number<string>().int().min(0).max(7 * DAY_MS)).min(1).max(TRIES_MAX))

const Ranges = z.string().default('').transform(splitList)
  .pipe(z.array(z.string().refine(isRange, 'Expected addresses and ranges like 10.1.0.0/16, separated by commas')))

/** Configuration of webhooks, by environment variable, as members of the worker's. */
export const WEBHOOK_VARIABLES = {
  BATCHBOX_WEBHOOK_CONCURRENCY: z.coerce.number().int().min(1).max(1000).default(256).describe('Deliveries of webhooks that a worker makes at one time, beside its jobs'),
  BATCHBOX_WEBHOOK_PER_RECEIVER: z.coerce.number().int().min(1).max(1000).default(4).describe('Deliveries to one endpoint at one time, by all workers; those that jobs and batches name themselves are counted by their server'),
  BATCHBOX_WEBHOOK_PER_TENANT: z.coerce.number().int().min(1).max(1000).default(16).describe('Deliveries for one tenant at one time, by all workers'),
  BATCHBOX_WEBHOOK_TIMEOUT_MS: z.coerce.number().int().min(100).max(5 * MINUTE_MS).default(15_000).describe('How long one try of a delivery may take, from the look-up of the name to the end of the answer'),
  BATCHBOX_WEBHOOK_DELAYS_MS: Delays.describe('Milliseconds before each try of a delivery, separated by commas: as many tries as there are numbers'),
  BATCHBOX_WEBHOOK_CIRCUIT_FAILURES: z.coerce.number().int().min(1).max(1_000_000).default(10).describe('Tries in a row that fail after which an endpoint is left alone for a while, and then asked by one delivery at a time until one succeeds'),
  BATCHBOX_WEBHOOK_CIRCUIT_MS: z.coerce.number().int().min(10).max(DAY_MS).default(30_000).describe('For how long at first; twice as long each time that it fails again, up to 20 times'),
  BATCHBOX_WEBHOOK_OWED_BYTES: z.coerce.number().int().min(1024).max(Number.MAX_SAFE_INTEGER).default(268_435_456).describe('Bytes that a tenant may have undelivered, 1,400 for each delivery and what is kept to be sent again; beyond them, deliveries are given up at once, as the log of deliveries then says'),
  BATCHBOX_WEBHOOK_RETENTION_MS: z.coerce.number().int().min(1000).max(365 * DAY_MS).default(3 * DAY_MS).describe('How long a delivery stays in the log after it ended'),
  BATCHBOX_WEBHOOK_LOG_ENTRIES: z.coerce.number().int().min(1).max(10_000_000).default(10_000).describe('Deliveries of a tenant that stay in the log at the most: the newest that succeeded, and as many that were given up'),
  BATCHBOX_WEBHOOK_ALLOW_RANGES: Ranges.describe('Addresses and ranges (CIDR), separated by commas, that webhooks may lead to although they are nobody\'s public address'),
  BATCHBOX_WEBHOOK_DNS_SERVERS: z.string().default('').transform(splitList).describe('Name servers to ask for the receivers of webhooks, as `address` or `address:port`, separated by commas; those of the system unless there are any'),
} as const
