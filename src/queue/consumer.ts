import { setTimeout as delay } from 'node:timers/promises'
import { WaitingError, type ConnectionOptions, type Job } from 'bullmq'
import { buildRedisOptions } from '../store/connection.ts'
import { buildKeys } from '../store/key-names.ts'
import { LockingWorker } from './locking-worker.ts'
import type { Channel } from './messages.ts'

/** What becomes of a message: over, or delivered again at once to somebody. */
export type Verdict = { type: 'done' } | { type: 'back' }

/** What a handler is given beside the message. The signal aborts when the message was lost to another worker, and when the consumer is forced to close. */
export interface Claim {
  signal: AbortSignal
  lease: Lease
}

/** The hold of a worker on a message: while it holds, nobody else is given it. */
export interface Lease {
  /** Tells whether it holds by the clocks of this process. */
  isFresh (): boolean
  /** Tells whether it surely holds, a margin before it would not: asks Redis, unless that was done not long ago. Rejects when Redis cannot be asked. */
  confirm (): Promise<boolean>
}

export interface ConsumerOptions<T> {
  /** The queue, and what its messages say. */
  channel: Channel<T>
  url: string
  prefix: string
  concurrency: number
  /** How long a worker that says nothing keeps its messages. */
  lockMs?: number
  /** How often messages of workers that are gone are looked for. */
  stalledMs?: number
  /** Works on one message. */
  handle (message: T, claim: Claim): Promise<Verdict>
  onError (error: Error): void
}

export interface Consumer {
  /** Has every lease be confirmed again before it is believed in: Redis may have forgotten. */
  doubtLeases (): void
  /** Takes no more messages and resolves when those being handled are over. `force` does not wait for them: they are delivered again elsewhere. */
  close (options?: { force?: boolean }): Promise<void>
}

export const LOCK_MS = 5000
export const STALLED_MS = 2000
/** How long a message rests here whose handler threw, or whose last handler in this process was still at work. */
const REST_MS = 1000
const BACK: Verdict = { type: 'back' }
/** About how long BullMQ waits after a broken connection before it tries again. */
const RETRY_MS = 1000

/**
 * Creates the consumer of a queue. BullMQ decides nothing here: its limits on stalled and started messages would fail
 * a message without asking us, so the first is out of reach and the second is not set; and no error of a handler reaches it,
 * since it would remove the message.
 */
export function createConsumer<T> (options: ConsumerOptions<T>): Consumer {
  const { channel, url, prefix, concurrency, lockMs = LOCK_MS, stalledMs = STALLED_MS, handle, onError } = options
  let stopped: Promise<void> | undefined
  const stopping = new AbortController()
  const active = new Map<string, { controller: AbortController, ended: Promise<unknown> }>()

  async function process (job: Job<unknown>, token = ''): Promise<void> {
    const id = job.id ?? ''
    const previous = active.get(id)
    const verdict = stopped ? BACK : previous ? await handOver(previous) : await run(id, job.data)
    if (verdict.type === 'done') return
    await job.moveToWait(token).catch(onError)
    // Thrown whether that worked or not: BullMQ then leaves the message alone, and one that is still here stalls and is delivered again.
    throw new WaitingError()
  }

  async function run (id: string, data: unknown): Promise<Verdict> {
    const controller = new AbortController()
    const lease: Lease = { isFresh: () => worker.locks.isFresh(id), confirm: () => worker.locks.confirm(id) }
    const handled = Promise.try(() => handle(channel.message.parse(data), { signal: controller.signal, lease })).catch((error: unknown) => {
      onError(error instanceof Error ? error : new Error(String(error)))
      return rest()
    })
    active.set(id, { controller, ended: handled })
    const verdict = await handled
    active.delete(id)
    return verdict
  }

  /** A message that comes back while its last delivery is at work here: that one lost its lock. BullMQ forgets the lock of both when the first ends, so the second rests. */
  async function handOver ({ controller, ended }: { controller: AbortController, ended: Promise<unknown> }): Promise<Verdict> {
    controller.abort(new Error('Message was delivered again'))
    await ended
    return rest()
  }

  /** The message keeps its place here meanwhile: a queue whose messages cannot be handled is not to be raced through. */
  async function rest (): Promise<Verdict> {
    await delay(REST_MS, undefined, { signal: stopping.signal }).catch(() => {})
    return BACK
  }

  function abort (ids: readonly string[], reason: string): void {
    for (const id of ids) active.get(id)?.controller.abort(new Error(reason))
  }

  const worker = new LockingWorker(channel.name, process, {
    connection: buildRedisOptions({ url, failFast: false }) as ConnectionOptions, // the same options, typed without exact optional members
    prefix: buildKeys(prefix).queue,
    concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: Math.round(RETRY_MS * (0.5 + Math.random())), // not that of every other process
    removeOnComplete: { count: 0 },
    removeOnFail: { count: 0 },
  })
  worker.on('error', onError)
  worker.on('lockRenewalFailed', (ids) => abort(ids, 'Message lost its lock'))
  worker.on('stalled', (id) => abort([id], 'Message stalled'))

  const forced = Promise.withResolvers<void>()

  async function stop (): Promise<void> {
    // BullMQ's own graceful close cannot be cut short, so it comes when nothing is left to wait for.
    await worker.pause(true)
    const isForced = await Promise.race([forced.promise.then(() => true), whenIdle().then(() => false)])
    await worker.close(isForced)
  }

  async function whenIdle (): Promise<void> {
    while (active.size > 0) await Promise.all([...active.values()].map(({ ended }) => ended))
  }

  return {
    doubtLeases: () => worker.locks.doubt(),
    close ({ force = false } = {}) {
      stopping.abort()
      stopped ??= stop()
      if (force) {
        abort([...active.keys()], 'Consumer was closed')
        forced.resolve()
      }
      return stopped
    },
  }
}
