import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { walkMembers, type Walk } from './walk.ts'

/** How the members of keys of webhooks are walked over, by the first part of the key's name. */
const WALKS = {
  'deliveries': 'zscan', 'lane': 'zscan', 'webhooks': 'zscan', 'webhook-scheduled': 'zscan', 'webhook-owed': 'zscan', 'webhook-leases': 'zscan', 'webhook-pending': 'zscan', 'webhook-expiring': 'zscan',
  'hooked': 'sscan', 'lane-flight': 'sscan', 'webhook-flight': 'sscan', 'webhook-parked': 'sscan',
  'webhook-filters': 'hscan', 'webhook-bytes': 'hscan',
} as const satisfies Record<string, Walk>
/** Keys that are looked at as one. */
const WHOLE: ReadonlySet<string> = new Set(['delivery', 'webhook', 'webhook-secrets'])

const SCRIPT = loadMove(new URL('webhooks.lua', import.meta.url))

/** Brings one key of webhooks, by its name without the prefix, in line with the records that it names. Names of other keys are left alone. */
export async function * reconcileWebhooks (db: Db, name: string, sum: (repairs: Promise<number>[]) => Promise<number>): AsyncGenerator<number> {
  const [kind = '', id = ''] = name.split(':')
  const repair = async (member: string) => Number(await runMove(db, SCRIPT, NO_JOB, [kind, name, member]))
  if (WHOLE.has(kind)) yield await sum([repair(id)])
  if (!isWalked(kind)) return
  for await (const members of walkMembers(db, `${db.keys.prefix}:${name}`, WALKS[kind])) yield await sum(members.map(repair))
}

function isWalked (kind: string): kind is keyof typeof WALKS {
  return Object.hasOwn(WALKS, kind)
}
