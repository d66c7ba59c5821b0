import { TEST_EVENT } from '../../core/webhook.ts'
import type { Db } from '../db.ts'
import { readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { readTime } from '../time.ts'

/** How a receiver does. */
export interface Circuit {
  /** `open`: it is left alone until a time; `half-open`: it failed before, and is asked by one delivery at a time. */
  state: 'closed' | 'open' | 'half-open'
  /** Tries that failed in a row. */
  failures: number
  openUntil: number | null
  /** Deliveries whose time has come, and those whose try is under way. */
  waiting: number
  sending: number
}

const TEST = loadMove(new URL('test.lua', import.meta.url))

/** Owes an endpoint a test event, also where it is disabled or left alone; answers the delivery's id, or undefined where there is no such endpoint. */
export async function testEndpoint (db: Db, tenant: string, id: string): Promise<string | undefined> {
  const reply = await runMove(db, TEST, NO_JOB, [tenant, id, TEST_EVENT])
  return readText(reply, 0) === 'made' ? readText(reply, 1) : undefined
}

/** Reads how an endpoint of the tenant does. */
export async function readCircuit (db: Db, tenant: string, id: string): Promise<Circuit> {
  const { redis, keys } = db
  const lane = `${tenant}:${id}`
  const [[failures, opened], held, waiting, sending, now] = await Promise.all([
    redis.hmget(keys.laneState(lane), 'failures', 'open'), redis.zscore(keys.webhookHeld, lane), redis.zcard(keys.lane(lane)), redis.scard(keys.laneFlight(lane)), readTime(db),
  ])
  const openUntil = held !== null && Number.isFinite(Number(held)) && Number(held) > now ? Number(held) : null
  return { state: openUntil !== null ? 'open' : Number(opened ?? 0) > 0 ? 'half-open' : 'closed', failures: Number(failures ?? 0), openUntil, waiting, sending }
}
