import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'

/** How the members of keys of webhooks are walked over, by the first part of the key's name. */
const WALKS = {
  'deliveries': 'zscan', 'lane': 'zscan', 'webhooks': 'zscan', 'webhook-scheduled': 'zscan', 'webhook-owed': 'zscan', 'webhook-leases': 'zscan', 'webhook-pending': 'zscan', 'webhook-expiring': 'zscan',
  'hooked': 'sscan', 'lane-flight': 'sscan', 'webhook-flight': 'sscan', 'webhook-parked': 'sscan',
  'webhook-filters': 'hscan', 'webhook-bytes': 'hscan',
} as const satisfies Record<string, 'zscan' | 'sscan' | 'hscan'>
/** Keys that are looked at as one. */
const WHOLE: ReadonlySet<string> = new Set(['delivery', 'webhook', 'webhook-secrets'])
/** Members looked at in one go. */
const STEP = 200

const SCRIPT = loadMove(new URL('webhooks.lua', import.meta.url))

/** Brings one key of webhooks, by its name without the prefix, in line with the records that it names. Names of other keys are left alone. */
export async function * reconcileWebhooks (db: Db, name: string, sum: (repairs: Promise<number>[]) => Promise<number>): AsyncGenerator<number> {
  const [kind = '', id = ''] = name.split(':')
  const repair = async (member: string) => Number(await runMove(db, SCRIPT, NO_JOB, [kind, name, member]))
  if (WHOLE.has(kind)) yield await sum([repair(id)])
  if (!isWalked(kind)) return
  let cursor = '0'
  do {
    const walk = WALKS[kind]
    const key = `${db.keys.prefix}:${name}`
    const [next, found] = walk === 'sscan' ? await db.redis.sscan(key, cursor, 'COUNT', STEP) : walk === 'hscan' ? await db.redis.hscan(key, cursor, 'COUNT', STEP) : await db.redis.zscan(key, cursor, 'COUNT', STEP)
    cursor = next
    yield await sum((walk === 'sscan' ? found : found.filter((_, index) => index % 2 === 0)).map(repair))
  } while (cursor !== '0')
}

function isWalked (kind: string): kind is keyof typeof WALKS {
  return Object.hasOwn(WALKS, kind)
}
