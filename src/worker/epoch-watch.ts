import type { Logger } from 'pino'
import type { Db } from '../store/db.ts'
import { createResumeRamp } from './resume-ramp.ts'
import { comparePulses, takePulse, type Pulse } from '../store/pulse.ts'
import type { RunMetrics } from '../telemetry/metrics/runs.ts'

const EVERY_MS = 1000

export interface EpochWatch {
  /** Resolves at once while Redis is trusted; otherwise when everything that is held was compared with it again. */
  whenTrusted (): Promise<void>
  /** Likewise; after an outage, some time later and one caller after another. For what is begun anew. */
  whenAdmitted (): Promise<void>
  close (): void
}

export interface EpochWatchOptions {
  db: Db
  logger: Logger
  /** Counts losses; nobody does without it. */
  metrics?: Pick<RunMetrics, 'lostWrites'>
  /** Compares what this process holds with what Redis says, and lets go of what it has no more. */
  reconcile (): Promise<void>
  onError (error: unknown): void
}

/**
 * Finds out that Redis has lost writes: by a failover to a replica that lacked them, or because somebody restored a backup. Resolves when Redis has
 * answered for the first time.
 *
 * States: trusted → doubted (the connection broke, or a pulse differs from the one before) → trusted, when a pulse was taken and what is held was
 * compared. While it is doubted, nobody begins a run, reaps, or acts outside: all of them wait for `whenTrusted`, or for `whenAdmitted`, which has
 * the workers of a fleet not begin all at once when Redis is back.
 */
export async function createEpochWatch ({ db, logger, metrics, reconcile, onError }: EpochWatchOptions): Promise<EpochWatch> {
  let pulse: Pulse = await takePulse(db, undefined)
  let trust: PromiseWithResolvers<void> | undefined
  let closed = false
  /** Counts breaks, so that a pulse from before the last one says nothing of what came after. */
  let breaks = 0
  let looking = false
  const ramp = createResumeRamp()

  function doubt (): void {
    if (!closed) trust ??= Promise.withResolvers()
  }

  function onBreak (): void {
    breaks += 1
    doubt()
  }

  async function look (): Promise<void> {
    let seen: number
    do {
      seen = breaks
      const next = await takePulse(db, pulse)
      const change = comparePulses(pulse, next)
      pulse = next
      if (change !== 'same') doubt()
      if (change === 'lost') {
        logger.warn({ epoch: pulse.epoch }, 'Redis lost writes: a failover, or a backup that was restored')
        metrics?.lostWrites()
      }
      if (trust) await reconcile()
    } while (seen !== breaks)
    if (!trust) return
    ramp.restart()
    trust.resolve()
    trust = undefined
  }

  function lookOnce (): void {
    if (looking || closed) return
    looking = true
    look().catch(onError).finally(() => { looking = false })
  }

  const whenTrusted = () => trust?.promise ?? Promise.resolve()

  async function whenAdmitted (): Promise<void> {
    do {
      await whenTrusted()
      await ramp.whenAdmitted()
    } while (trust && !closed)
  }

  db.redis.on('close', onBreak)
  db.redis.on('ready', lookOnce)
  const timer = setInterval(lookOnce, EVERY_MS)
  return {
    whenTrusted,
    whenAdmitted,
    close () {
      closed = true
      clearInterval(timer)
      db.redis.off('close', onBreak)
      db.redis.off('ready', lookOnce)
      trust?.resolve() // who waits goes on to Redis itself, and waits there
    },
  }
}
