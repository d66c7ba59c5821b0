import { isTerminal, JobStatus } from '../../core/status.ts'
import type { Db } from '../db.ts'
import { SWEEP_KEPT_MS } from '../dead-letters/sweeps.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { readListedRecord } from '../read.ts'
import { recountDealt, TOMBSTONE_MS } from '../reap.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { readTime } from '../time.ts'
import { reconcileFiles } from './files.ts'
import { reconcileWebhooks } from './webhooks.ts'

/** Adds up what repairs answer. One that fails is reported, and keeps nothing from the others. */
type Sum = (repairs: Promise<number>[]) => Promise<number>

/** Names looked at in one go. */
const STEP = 200

const CLAIM = loadMove(new URL('claim.lua', import.meta.url))
const JOB = loadMove(new URL('job.lua', import.meta.url))
const LIST = loadMove(new URL('list.lua', import.meta.url))
const RING = loadMove(new URL('ring.lua', import.meta.url))
const BATCH = loadMove(new URL('batch.lua', import.meta.url))
const MEMBER = loadMove(new URL('member.lua', import.meta.url))
const SWEEP = loadMove(new URL('sweep.lua', import.meta.url))
const CODE = loadMove(new URL('code.lua', import.meta.url))
const KV = loadMove(new URL('kv.lua', import.meta.url), new URL('../kv/kv.lua', import.meta.url))

/** Takes a pass for this caller, unless one began less than that long ago. */
export async function claimPass (db: Db, minAgeMs: number): Promise<boolean> {
  return await runMove(db, CLAIM, NO_JOB, [minAgeMs]) === 1
}

/**
 * Compares everything in the store with the records of jobs and batches, which are the truth: indexes, debts, streams, payloads, code. What belongs to
 * none is removed, what a job is missing from is put right. A generator, so that whoever drives it decides about the pace and may stop: each step
 * looks at some hundred names and answers how many things it put right. Every change is made by a script that looks again, so passes may
 * run at the same time, and beside everything else.
 */
export async function * reconcile (db: Db, { onError }: { onError (error: unknown): void }): AsyncGenerator<number> {
  const since = await readTime(db)
  let isSound = true
  const sum: Sum = async (repairs) => {
    const ends = await Promise.allSettled(repairs)
    for (const end of ends.filter(({ status }) => status === 'rejected')) {
      isSound = false
      onError((end as PromiseRejectedResult).reason) // the filter looked
    }
    return ends.reduce((total, end) => total + (end.status === 'fulfilled' ? end.value : 0), 0)
  }
  for await (const names of scan(db)) {
    const jobIds = new Set(names.map(jobIdOf).filter((id) => id !== undefined))
    yield await sum([...jobIds].map((id) => reconcileJob(db, id)))
    const batchIds = new Set(names.map(batchIdOf).filter((id) => id !== undefined))
    yield await sum([...batchIds].map((id) => reconcileBatch(db, id)))
    for (const name of names) {
      yield * reconcileName(db, name, sum)
      yield * reconcileWebhooks(db, name, sum)
      yield * reconcileFiles(db, name, sum)
    }
  }
  yield await recountDealt(db)
  if (!isSound) return // a job that could not be looked at noted nothing of its code
  for await (const names of scan(db)) {
    yield await sum(names.filter((name) => name.startsWith('code:')).map(async (name) => Number(await runMove(db, CODE, NO_JOB, [...name.split(':').slice(1), since]))))
  }
}

/** Names under the store's prefix, without it and without those of the queue. One may come twice. */
async function * scan (db: Db): AsyncGenerator<string[]> {
  const pattern = `${db.keys.prefix.replaceAll(/[*?[\]\\]/g, '\\$&')}:*`
  let cursor = '0'
  do {
    const [next, keys] = await db.redis.scan(cursor, 'MATCH', pattern, 'COUNT', STEP)
    cursor = next
    yield keys.map((key) => key.slice(db.keys.prefix.length + 1)).filter((name) => !name.startsWith('queue:'))
  } while (cursor !== '0')
}

/** Of keys that belong to one job. */
function jobIdOf (name: string): string | undefined {
  return /^(?:job|events(?!:bat_)|history|trace|payload|checkpoint):([^:]+)/.exec(name)?.[1]
}

/** Of keys that belong to one batch. */
function batchIdOf (name: string): string | undefined {
  return /^(?:batch|exceptions|events(?=:bat_)):([^:]+)/.exec(name)?.[1]
}

/** The index that names it, if one did, is of that tenant. */
async function reconcileBatch (db: Db, batchId: string, index = '', tenant = ''): Promise<number> {
  return Number(await runMove(db, BATCH, batchId, [index, tenant]))
}

async function reconcileJob (db: Db, jobId: string): Promise<number> {
  const reply = await runMove(db, JOB, jobId, [])
  const repairs = readNumber(reply, 1)
  if (readText(reply, 0) !== 'unlisted') return repairs
  const job = await readListedRecord(db, jobId)
  if (!job || job.unreadable) return repairs // who has its key lists it
  return repairs + Number(await runMove(db, LIST, jobId, [job.createdAt, isTerminal(job.status) ? job.expiresAt ?? '' : '', job.error?.code ?? 'INTERNAL']))
}

async function * reconcileName (db: Db, name: string, sum: Sum): AsyncGenerator<number> {
  const [kind, tenant = '', status = ''] = name.split(':')
  const key = fullName(db, name)
  switch (kind) {
    case 'running':
    case 'expiring':
      return yield * eachMember(db, key, sum, (jobId) => reconcileJob(db, jobId))
    case 'scheduled':
    case 'due':
      return yield * eachMember(db, key, sum, (member) => reconcileMember(db, member, [key, 'turns', member]))
    case 'waiting':
      yield Number(await runMove(db, RING, NO_JOB, [tenant]))
      return yield * eachMember(db, key, sum, (member) => reconcileMember(db, member, [key, 'turns', member]))
    case 'owed':
      if (name === 'owed:blobs') return
      if (name === 'owed:archive') return yield * eachMember(db, key, sum, (jobId) => reconcileJob(db, jobId))
      return yield * eachMember(db, key, sum, (member) => reconcileMember(db, member, [key, 'turns', member]))
    case 'jobs':
      if (status !== '' && !JobStatus.safeParse(status).success) return
      return yield * eachMember(db, key, sum, (jobId) => reconcileMember(db, jobId, [key, 'list', jobId, tenant, status]))
    case 'batches':
      return yield * eachMember(db, key, sum, (batchId) => reconcileBatch(db, batchId, key, tenant))
    case 'open-batches':
    case 'cancelling-batches':
    case 'expiring-batches':
      return yield * eachMember(db, key, sum, (batchId) => reconcileBatch(db, batchId))
    case 'keys':
      return yield * eachMember(db, key, sum, async (id) => await db.redis.exists(db.keys.apiKey(id)) === 1 ? 0 : db.redis.zrem(key, id))
    case 'dead':
      return yield * eachMember(db, key, sum, (jobId) => reconcileMember(db, jobId, [key, 'dead', jobId, tenant, status]))
    case 'sweep':
      return yield await reconcileSweep(db, tenant)
    case 'sweeps':
      return yield * eachMember(db, key, sum, (id) => reconcileSweep(db, id, key))
    case 'kv-expiring':
      return yield Number(await runMove(db, KV, NO_JOB, [tenant]))
    case 'kv-due':
      return yield * eachMember(db, key, sum, async (each) => Number(await runMove(db, KV, NO_JOB, [each])))
    case 'tenants':
      return yield * eachTenant(db, key, sum)
    // These live for their time, and are nobody's but their own.
    case 'gone':
    case 'idem':
    case 'pulse':
    case 'tag':
    case 'tag-log':
    case 'followed':
      yield await db.redis.pexpire(key, TOMBSTONE_MS, 'NX')
  }
}

async function reconcileMember (db: Db, member: string, args: string[]): Promise<number> {
  return Number(await runMove(db, MEMBER, member.split(' ')[0] ?? '', args))
}

async function reconcileSweep (db: Db, id: string, index = ''): Promise<number> {
  return Number(await runMove(db, SWEEP, NO_JOB, [id, index, SWEEP_KEPT_MS]))
}

async function * eachMember (db: Db, key: string, sum: Sum, repair: (member: string) => Promise<number>): AsyncGenerator<number> {
  let cursor = '0'
  do {
    const [next, flat] = await db.redis.zscan(key, cursor, 'COUNT', STEP)
    cursor = next
    yield await sum(flat.filter((_, index) => index % 2 === 0).map(repair))
  } while (cursor !== '0')
}

/** A tenant without jobs is none. One that comes back meanwhile is put there again with its next job, and by the next pass. */
async function * eachTenant (db: Db, key: string, sum: Sum): AsyncGenerator<number> {
  let cursor = '0'
  do {
    const [next, tenants] = await db.redis.sscan(key, cursor, 'COUNT', STEP)
    cursor = next
    yield await sum(tenants.map(async (tenant) => await db.redis.exists(db.keys.jobs(tenant)) === 1 ? 0 : db.redis.srem(key, tenant)))
  } while (cursor !== '0')
}

function fullName (db: Db, name: string): string {
  return `${db.keys.prefix}:${name}`
}
