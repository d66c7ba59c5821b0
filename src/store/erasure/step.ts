import { sha256 } from '../../core/digest.ts'
import { JobStatus } from '../../core/status.ts'
import { unreachable } from '../../core/unreachable.ts'
import type { Db } from '../db.ts'
import type { TurnRef } from '../moves/begin.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove, type Script } from '../script.ts'
import { readErasure, type Erasure } from './erasures.ts'

/** What the caller is to do after a step. */
export interface Erased {
  /** Messages that the queue may have of jobs that are gone. */
  turns: TurnRef[]
  /** Nothing is left of the tenant but what the queue tells of its messages. */
  isSwept: boolean
}

/** How long the progress can be read after the end. */
export const ERASURE_KEPT_MS = 7 * 86_400_000
/** A step takes a fraction of that; whoever holds one for longer is taken for dead. */
const LEASE_MS = 10_000
/** Keys, batches and jobs of each state that one step deals with; jobs that run are few, and all told. */
const STEP = 100
const RUNNING_STEP = 1000
const SCAN_KEYS = 1000
/** Until it is looked again whether jobs have ended. */
const WAIT_REST_MS = 250
/** First parts of the names of keys whose second part is the tenant: see `buildKeys`. */
const OWN = new Set(['code', 'idem', 'idems', 'jobs', 'dead', 'sweeps', 'usage', 'waiting', 'stats', 'batches', 'keys', 'audit', 'crashes', 'retries', 'kv', 'kv-names', 'kv-expiring', 'secrets', 'sealed', 'function', 'functions',
  'webhooks', 'webhook-filters', 'webhook-secrets', 'deliveries', 'lane', 'lane-state', 'lane-flight', 'webhook-flight', 'webhook-parked', 'tag', 'tag-log', 'followed',
  'files', 'file-names', 'file-uploads', 'file-usage'])

const [TAKE, KEY, JOB, BATCH, NAME, NEXT] = ['take', 'key', 'job', 'batch', 'name', 'step']
  .map((name) => loadMove(new URL(`${name}.lua`, import.meta.url))) as [Script, Script, Script, Script, Script, Script] // as many as there are names

/** The erasure that a step is of. */
interface Order {
  tenant: string
  digest: string
  erasure: Erasure
}

interface Progress extends Partial<Erased> {
  to: string
  running?: number
  restMs?: number
}

/**
 * Makes the next step that is due of the erasure of any tenant; undefined where nothing is due. Steps of one erasure are taken by one caller at a time; one that is made
 * twice all the same removes nothing of a tenant that has the name later. An erasure ends when requests that were let in with its keys must be over.
 */
export async function stepErasure (db: Db, quietMs: number): Promise<Erased | undefined> {
  const reply = await runMove(db, TAKE, NO_JOB, [LEASE_MS])
  if (reply === null) return undefined
  const tenant = readText(reply, 0)
  const erasure = await readErasure(db, tenant)
  if (!erasure) {
    await db.redis.zrem(db.keys.erasing, tenant) // somebody removed the order
    return undefined
  }
  const order = { tenant, digest: sha256(tenant), erasure }
  const { to, running = 0, restMs = 0, turns = [], isSwept = false } = await makeStep(db, order)
  await runMove(db, NEXT, NO_JOB, [tenant, order.digest, erasure.id, erasure.at, to, running, restMs, quietMs, ERASURE_KEPT_MS])
  return { turns, isSwept }
}

function makeStep (db: Db, order: Order): Promise<Progress> {
  const { stage } = order.erasure
  switch (stage) {
    case 'keys': return revokeKeys(db, order)
    case 'jobs': return removeJobs(db, order)
    case 'names': return removeNames(db, order)
    case 'quiet': return Promise.resolve({ to: 'quiet' })
    default: return unreachable(stage)
  }
}

async function revokeKeys (db: Db, { tenant, digest, erasure }: Order): Promise<Progress> {
  const ids = await db.redis.zrange(db.keys.apiKeys(tenant), 0, String(STEP - 1))
  await Promise.all(ids.map((id) => runMove(db, KEY, NO_JOB, [digest, erasure.id, tenant, id])))
  return { to: ids.length < STEP ? 'jobs' : 'keys' }
}

async function removeJobs (db: Db, order: Order): Promise<Progress> {
  const lists = await Promise.all([
    db.redis.zrange(db.keys.jobs(order.tenant), 0, String(STEP - 1)),
    ...JobStatus.options.map((status) => db.redis.zrange(db.keys.jobs(order.tenant, status), 0, String((status === 'running' ? RUNNING_STEP : STEP) - 1))),
  ])
  const ids = [...new Set(lists.flat())]
  const { turns, left } = await eraseJobs(db, order, ids)
  if (ids.length > 0) return { to: 'jobs', turns, running: left, restMs: left === ids.length ? WAIT_REST_MS : 0 }
  const batches = await db.redis.zrange(db.keys.batches(order.tenant), 0, String(STEP - 1))
  const isLeft = await eraseBatches(db, order, batches)
  return batches.length > 0 ? { to: 'jobs', restMs: isLeft ? WAIT_REST_MS : 0 } : { to: formatScan({ server: await serverId(db), cursor: '0', isDirty: false }) }
}

async function eraseJobs (db: Db, { tenant, digest, erasure }: Order, ids: readonly string[]): Promise<{ turns: TurnRef[], left: number }> {
  const replies = await Promise.all(ids.map(async (jobId) => ({ jobId, reply: await runMove(db, JOB, jobId, [digest, erasure.id, tenant]) })))
  const turns = replies.flatMap(({ jobId, reply }) => readText(reply, 0) === 'removed' ? [{ jobId, turn: readNumber(reply, 1) }] : [])
  return { turns, left: replies.filter(({ reply }) => readText(reply, 0) === 'left').length }
}

/** Answers whether one is left to workers of a newer version. */
async function eraseBatches (db: Db, { tenant, digest, erasure }: Order, ids: readonly string[]): Promise<boolean> {
  const replies = await Promise.all(ids.map((id) => runMove(db, BATCH, id, [digest, erasure.id, tenant])))
  return replies.some((reply) => String(reply) === 'left')
}

/** Where a walk over all keys stands: its cursor means nothing to another server, nor to the same one after it started again. */
interface Scan {
  server: string
  cursor: string
  /** Something was found that the lists had not. */
  isDirty: boolean
}

function formatScan ({ server, cursor, isDirty }: Scan): string {
  return `names ${server} ${cursor} ${isDirty ? 1 : 0}`
}

async function serverId ({ redis }: Db): Promise<string> {
  return /^run_id:(\w+)/m.exec(await redis.info('server'))?.[1] ?? ''
}

/** Looks at the next keys of everybody. What is in no list, or never was, is found by this alone. */
async function removeNames (db: Db, order: Order): Promise<Progress> {
  const [, server = '', from = '0', dirty] = order.erasure.at.split(' ')
  const current = await serverId(db)
  const pattern = `${db.keys.prefix.replaceAll(/[*?[\]\\]/g, '\\$&')}:*`
  const [cursor, found] = await db.redis.scan(current === server ? from : '0', 'MATCH', pattern, 'COUNT', SCAN_KEYS)
  const names = found.map((key) => key.slice(db.keys.prefix.length + 1))
  const { own, jobs, batches } = await sort(db, order.tenant, names)
  const { turns } = await eraseJobs(db, order, jobs)
  await eraseBatches(db, order, batches)
  await Promise.all(own.map(({ name, keyId }) => runMove(db, NAME, NO_JOB, [order.digest, order.erasure.id, name, keyId, order.tenant])))
  const isDirty = dirty === '1' || jobs.length > 0 || batches.length > 0
  if (cursor !== '0') return { to: formatScan({ server: current, cursor, isDirty }), turns }
  return isDirty ? { to: formatScan({ server: current, cursor, isDirty: false }), turns, restMs: WAIT_REST_MS } : { to: 'quiet', turns, isSwept: true }
}

/** Which of these names hold something of a tenant: by their name, or by the owner that they tell of. What an id names has one owner for good. */
async function sort (db: Db, tenant: string, names: readonly string[]): Promise<{ own: { name: string, keyId: string }[], jobs: string[], batches: string[] }> {
  const owners = await Promise.all(names.map((name) => readOwner(db, tenant, name)))
  const found = { own: [] as { name: string, keyId: string }[], jobs: [] as string[], batches: [] as string[] }
  names.forEach((name, index) => {
    const { isOwn, keyId } = owners[index] ?? { isOwn: false, keyId: '' }
    const [kind, id = ''] = name.split(':')
    if (!isOwn) return
    if (kind === 'job') found.jobs.push(id)
    else if (kind === 'batch') found.batches.push(id)
    else found.own.push({ name, keyId })
  })
  return found
}

async function readOwner ({ redis, keys }: Db, tenant: string, name: string): Promise<{ isOwn: boolean, keyId: string }> {
  const [kind = '', second = '', third] = name.split(':')
  const key = `${keys.prefix}:${name}`
  switch (kind) {
    case 'job':
    case 'batch':
    case 'api-key':
    case 'sweep':
    case 'webhook':
    case 'delivery':
    case 'file':
      return { isOwn: third === undefined && await redis.hget(key, 'tenant') === tenant, keyId: kind === 'api-key' ? second : '' }
    case 'gone':
      return { isOwn: await redis.get(key) === tenant, keyId: '' }
    case 'key': {
      // The first version of keys had everything under the token.
      const stored = await redis.get(key)
      return { isOwn: stored?.includes(`"tenant":${JSON.stringify(tenant)}`) === true, keyId: /"id":"([\w-]+)"/.exec(stored ?? '')?.[1] ?? '' }
    }
    default:
      return { isOwn: OWN.has(kind) && second === tenant, keyId: '' }
  }
}
