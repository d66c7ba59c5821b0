import { isFailureCode } from '../core/failures.ts'
import type { Ends } from '../core/figures.ts'
import { JobStatus } from '../core/status.ts'
import type { Db } from './db.ts'
import { readTime } from './time.ts'

const HOUR_MS = 3_600_000
/** In which ends are counted, as job.lua does it. */
const BUCKET_MS = 300_000
const DAY_HOURS = 24
const SLOWEST = 10

/** What happened to a tenant's jobs within a time. */
export interface StatsWindow {
  /** Milliseconds of the Unix epoch: five minutes, or whole hours, are counted together. */
  since: number
  /** Jobs made since then that are still kept. */
  accepted: number
  ended: Ends[]
  /** From their first run on; of each hour, ten that took a tenth of a second or more are remembered. */
  slowest: { id: string, status: JobStatus, finishedAt: number, durationMs: number }[]
}

/** A tenant's figures, by Redis's clock. */
export interface Stats {
  time: number
  /** Jobs that are kept, by state. */
  depths: Record<JobStatus, number>
  lastHour: StatsWindow
  lastDay: StatsWindow
}

/** Reads a tenant's figures, in a number of commands that does not grow with its jobs. */
export async function readStats (db: Db, tenant: string): Promise<Stats> {
  const { redis, keys } = db
  const time = await readTime(db)
  const hour = Math.floor(time / HOUR_MS)
  const firstBucket = Math.floor(time / BUCKET_MS) - HOUR_MS / BUCKET_MS + 1
  const [lastHourSince, lastDaySince] = [firstBucket * BUCKET_MS, (hour - DAY_HOURS + 1) * HOUR_MS]
  const hours = Array.from({ length: DAY_HOURS }, (_, back) => hour - back)
  const [depths, counts, slow, acceptedInHour, acceptedInDay] = await Promise.all([
    Promise.all(JobStatus.options.map(async (status) => [status, await redis.zcard(keys.jobs(tenant, status))] as const)),
    Promise.all(hours.map((each) => redis.hgetall(keys.stats(tenant, each, 'ends')))),
    Promise.all(hours.map((each) => redis.zrange(keys.stats(tenant, each, 'slow'), 0, '-1', 'WITHSCORES'))),
    redis.zcount(keys.jobs(tenant), lastHourSince, '+inf'),
    redis.zcount(keys.jobs(tenant), lastDaySince, '+inf'),
  ])
  const ends = counts.flatMap(readBuckets)
  const slowest = slow.flatMap(readSlow).sort((a, b) => b.durationMs - a.durationMs)
  return {
    time,
    depths: Object.fromEntries(depths) as Stats['depths'], // of every state
    lastHour: {
      since: lastHourSince,
      accepted: acceptedInHour,
      ended: addUp(ends.filter(({ bucket }) => bucket >= firstBucket)),
      slowest: slowest.filter(({ finishedAt }) => finishedAt >= lastHourSince).slice(0, SLOWEST),
    },
    lastDay: { since: lastDaySince, accepted: acceptedInDay, ended: addUp(ends), slowest: slowest.slice(0, SLOWEST) },
  }
}

/** Reads counts by `<state>:<failure code>`. What another version of the service may have counted is left out. */
export function readEnds (counts: Readonly<Record<string, string>>): Ends[] {
  return Object.entries(counts).flatMap(([name, count]) => {
    const [status, code = ''] = name.split(':')
    const known = JobStatus.safeParse(status)
    if (!known.success || (code !== '' && !isFailureCode(code))) return []
    return [{ status: known.data, code: code || null, count: Number(count) }]
  })
}

/** Reads counts by `<bucket>:<state>:<failure code>`. */
function readBuckets (counts: Readonly<Record<string, string>>): (Ends & { bucket: number })[] {
  return Object.entries(counts).flatMap(([name, count]) => {
    const colon = name.indexOf(':')
    return readEnds({ [name.slice(colon + 1)]: count }).map((ends) => Object.assign(ends, { bucket: Number(name.slice(0, colon)) }))
  })
}

function addUp (ends: readonly Ends[]): Ends[] {
  const sums = new Map<string, Ends>()
  for (const { status, code, count } of ends) {
    const name = `${status}:${code}`
    sums.set(name, { status, code, count: count + (sums.get(name)?.count ?? 0) })
  }
  return [...sums.values()].sort((a, b) => b.count - a.count)
}

function readSlow (flat: readonly string[]): StatsWindow['slowest'] {
  return flat.flatMap((member, at) => {
    if (at % 2 === 1) return []
    const [id = '', status, finishedAt] = member.split(' ')
    return [{ id, status: status as JobStatus, finishedAt: Number(finishedAt), durationMs: Number(flat[at + 1]) }] // job.lua wrote its state
  })
}
