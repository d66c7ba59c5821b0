import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Dispatcher } from '../queue/dispatcher.ts'
import type { Db } from '../store/db.ts'
import { claimPass, reconcile } from '../store/reconcile/reconcile.ts'
import type { Files } from '../files/files.ts'
import type { RunMetrics } from '../telemetry/metrics/runs.ts'
import type { Webhooks } from './webhooks/webhooks.ts'

/** A pass at the start, unless somebody has begun one so lately: of a fleet that starts, one worker takes it. */
const START_MIN_AGE_MS = 60_000
/** Rest after each step, in times of what the step took: so a pass over millions of keys takes a quarter of a Redis at the most, and jobs the rest. */
const REST_SHARE = 3
const REST_MS = { least: 10, most: 1000 } as const
/** Messages without a place in the queue, and blobs that no file has, removed in one go. */
const MESSAGES = 1000
const BLOBS = 10_000

export interface Reconciler {
  /** Makes a pass now. Answers how many things it put right; undefined where it was closed meanwhile. */
  pass (): Promise<number | undefined>
  close (): Promise<void>
}

export interface ReconcilerOptions {
  db: Db
  dispatcher: Pick<Dispatcher, 'removeOrphans'>
  webhooks?: Pick<Webhooks, 'removeOrphans'>
  files?: Pick<Files, 'sweep'>
  everyMs: number
  logger: Logger
  /** Counts what was put right; nobody does without it. */
  metrics?: Pick<RunMetrics, 'corrected'>
  whenTrusted (): Promise<void>
  onError (error: unknown): void
}

/** Compares everything in Redis with the records of jobs, at the start and then on a schedule. Workers share the schedule; what they do is safe to do at once. */
export function createReconciler ({ db, dispatcher, webhooks, files, everyMs, logger, metrics, whenTrusted, onError }: ReconcilerOptions): Reconciler {
  const closing = new AbortController()
  let timer: NodeJS.Timeout
  let current: Promise<void> = Promise.resolve()

  async function pass (): Promise<number | undefined> {
    let repairs = 0
    let stepAt = performance.now()
    for await (const count of reconcile(db, { onError })) {
      repairs += count
      await delay(Math.min(REST_MS.most, Math.max(REST_MS.least, REST_SHARE * (performance.now() - stepAt))), undefined, { signal: closing.signal }).catch(() => {})
      await whenTrusted()
      if (closing.signal.aborted) return undefined
      stepAt = performance.now()
    }
    repairs += await dispatcher.removeOrphans(MESSAGES) + (await webhooks?.removeOrphans(MESSAGES) ?? 0) + (await files?.sweep('orphans', BLOBS) ?? 0)
    metrics?.corrected('reconciled', repairs)
    if (repairs > 0) logger.warn({ repairs }, 'put right what did not agree with the records of jobs')
    return repairs
  }

  async function turn (minAgeMs: number): Promise<void> {
    await whenTrusted()
    if (!closing.signal.aborted && await claimPass(db, minAgeMs)) await pass()
  }

  /** Each worker asks several times in an interval, so that the pass of one that died is soon another's. */
  function plan (ms: number, minAgeMs: number): void {
    timer = setTimeout(() => {
      current = turn(minAgeMs).catch(onError).finally(() => { if (!closing.signal.aborted) plan(everyMs * (0.1 + 0.2 * Math.random()), everyMs) })
    }, ms)
  }

  plan(0, Math.min(everyMs, START_MIN_AGE_MS))
  return {
    pass,
    async close () {
      closing.abort()
      clearTimeout(timer)
      await current
    },
  }
}
