import type { IncomingMessage } from 'node:http'
import { JobError } from '../core/failures.ts'

/** A content has to go on by so many bytes within the bound of time: a client that sends one by one holds nothing for long. */
export const STEP_BYTES = 65_536

const HAPPENINGS = ['readable', 'end', 'error', 'close'] as const

export interface ReceiveOptions {
  /** Longest that a step may take to come, our own work not counted. */
  stallMs: number
  /** Breaks it off; its reason is thrown. */
  stopped: AbortSignal
  take (chunk: Buffer): Promise<void>
}

/**
 * Hands over a body as it comes, and reads on when what came was taken. Throws BAD_REQUEST where it breaks off or stalls, and leaves the connection: there
 * may be somebody to tell.
 */
export async function receiveBody (body: IncomingMessage, { stallMs, stopped, take }: ReceiveOptions): Promise<void> {
  let [waitedMs, stepBytes] = [0, 0]
  for (;;) {
    stopped.throwIfAborted()
    const chunk = body.read() as Buffer | null // nobody told it an encoding
    if (chunk !== null) {
      stepBytes += chunk.length
      if (stepBytes >= STEP_BYTES) [waitedMs, stepBytes] = [0, 0]
      await take(chunk)
      continue
    }
    if (body.readableEnded) return
    if (body.destroyed) throw new JobError('BAD_REQUEST', 'Cannot read the body: it broke off', { cause: body.errored })
    if (waitedMs >= stallMs) throw new JobError('BAD_REQUEST', `Cannot read the body: fewer than ${STEP_BYTES} bytes of it came in ${stallMs} ms (BATCHBOX_FILE_STALL_MS)`)
    const startedAt = performance.now()
    await waitForMore(body, stopped, stallMs - waitedMs)
    waitedMs += performance.now() - startedAt
  }
}

/** Comes back when something has happened to a body, at the signal, or when the time is over. */
async function waitForMore (body: IncomingMessage, stopped: AbortSignal, withinMs: number): Promise<void> {
  const happened = Promise.withResolvers<void>()
  const timer = setTimeout(happened.resolve, withinMs)
  for (const event of HAPPENINGS) body.on(event, happened.resolve)
  stopped.addEventListener('abort', () => happened.resolve(), { once: true })
  await happened.promise
  clearTimeout(timer)
  for (const event of HAPPENINGS) body.off(event, happened.resolve)
}
