import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Meter } from '@opentelemetry/api'
import { FAILURES, JobError, type FailureCode } from '../../core/failures.ts'
import { FlowReply, readFlowText } from '../../core/flow.ts'
import { openDb, type DbOptions } from '../../store/db.ts'
import { postCall, readAnswer, withdrawCall } from '../../store/flow/calls.ts'
import type { Subscriber } from '../../store/subscriber.ts'
import { createFlowMetrics, type FlowOutcome } from '../../telemetry/metrics/flow.ts'
import { FlowRoom, type FlowBounds } from './room.ts'
import { watchFlowCalls, type WatchedCall } from './watch.ts'

/** A call that Redis still has when it was given up is forgotten by it a little later. */
const FORGET_MS = 5000
/** How long the channel of answers may take to be there. */
const LISTEN_WITHIN_MS = 2000

export interface FlowRequest {
  id: string
  tenant: string
  /** SHA-256 of its code, lowercase hex. */
  codeHash: string
  /** The call and its input, as `writeFlowText` writes them. */
  text: string
  timeoutMs: number
  /** Aborts when the caller leaves or has its answer: until then the call is open. */
  signal: AbortSignal
}

export interface FlowResult {
  reply: FlowReply
  /** JSON text. */
  result: string
}

/** Calls that this process has open. */
export interface FlowCalls {
  readonly bounds: Readonly<FlowBounds>
  openOf (tenant: string): number
  /**
   * Has a call run by a worker and answers what came of it. Throws RATE_LIMITED and OVERLOADED where there are too many, OVERLOADED where it was not begun in
   * time, WORKER_CRASHED where its worker is gone, UNAVAILABLE where Redis is or has forgotten it, CANCELLED when the caller leaves.
   */
  call (request: FlowRequest): Promise<FlowResult>
  close (): Promise<void>
}

interface OpenCall extends WatchedCall {
  tenant: string
  promise: Promise<FlowResult>
  resolve (result: FlowResult): void
}

export interface FlowCallsOptions extends FlowBounds {
  store: Omit<DbOptions, 'failFast' | 'once'>
  subscriber: Pick<Subscriber, 'listen'>
  meter: Meter
}

/**
 * Opens the calls of a process. They are posted over a connection of their own, that sends nothing twice: a call is run once or not at all. Answers come as
 * words on one channel.
 */
export function createFlowCalls ({ store, subscriber, meter, ...bounds }: FlowCallsOptions): FlowCalls {
  const db = openDb({ ...store, failFast: true, once: true })
  const caller = randomUUID()
  const room = new FlowRoom(bounds)
  const open = new Map<string, OpenCall>()
  const watch = watchFlowCalls(db, { caller, startMs: bounds.startMs })
  const metrics = createFlowMetrics(meter, () => room.calls)
  const answers = subscriber.listen(db.keys.flowAnswersChannel(caller), (message) => { if (message !== undefined) void take(message) })
  let isListening = false
  const listening = answers.confirmed.then(() => { isListening = true })
  listening.catch(() => {}) // whoever calls is told

  async function take (message: string): Promise<void> {
    const { id, read } = readAnswer(db, message)
    const call = open.get(id)
    if (!call) return
    try {
      const { head, json } = readFlowText(FlowReply, await read(call.tenant))
      call.resolve({ reply: head, result: json })
    } catch (cause) {
      call.reject(cause instanceof JobError ? cause : new JobError('UNAVAILABLE', 'Cannot read what came of the code: it ran, and its answer was lost; call again if it may run twice', { cause }))
    }
  }

  async function waitToListen (): Promise<void> {
    if (isListening || await Promise.race([listening.then(() => true), delay(LISTEN_WITHIN_MS, false)])) return
    throw new JobError('UNAVAILABLE', 'Cannot take the call: Redis, which carries the answers, cannot be reached; call again later')
  }

  async function post (request: FlowRequest): Promise<FlowResult> {
    const { signal } = request
    const place = room.enter(request)
    if (signal.aborted) place.leave()
    else signal.addEventListener('abort', place.leave, { once: true })
    await waitToListen()
    const answer = await postAndWait(request)
    if (!signal.aborted) place.answered(answer.result.length)
    return answer
  }

  async function postAndWait ({ id, tenant, codeHash, text, timeoutMs, signal }: FlowRequest): Promise<FlowResult> {
    const call: OpenCall = { id, tenant, timeoutMs, postedAt: performance.now(), ...Promise.withResolvers<FlowResult>() }
    const onLeave = () => {
      withdrawCall(db, id).catch(() => {}) // its time passes by itself
      call.reject(new JobError('CANCELLED', 'Cannot answer: the caller left'))
    }
    call.promise.catch(() => {}) // it may be over before it is waited for
    open.set(id, call)
    watch.add(call)
    signal.addEventListener('abort', onLeave, { once: true })
    try {
      await postCall(db, { id, tenant, codeHash, caller, text, lifeMs: bounds.startMs + FORGET_MS })
      if (signal.aborted) onLeave()
      return await call.promise
    } finally {
      signal.removeEventListener('abort', onLeave)
      watch.remove(call)
      open.delete(id)
    }
  }

  return {
    bounds,
    openOf: (tenant) => room.callsOf(tenant),

    async call (request) {
      const takenAt = performance.now()
      let outcome: FlowOutcome = 'error'
      try {
        const answer = await post(request)
        outcome = outcomeOf(answer.reply.error?.code)
        return answer
      } catch (error) {
        if (error instanceof JobError) outcome = outcomeOf(error.code)
        throw error
      } finally {
        metrics.ended(outcome, performance.now() - takenAt)
      }
    },

    async close () {
      watch.close()
      answers.stop()
      for (const call of open.values()) call.reject(new JobError('UNAVAILABLE', 'Cannot finish: the service stops; call again'))
      await db.close()
    },
  }
}

function outcomeOf (code: FailureCode | undefined): FlowOutcome {
  if (code === undefined) return 'succeeded'
  if (code === 'CANCELLED') return 'cancelled'
  if (code === 'RATE_LIMITED' || code === 'OVERLOADED') return 'denied'
  return FAILURES[code].fault === 'code' ? 'failed' : 'error'
}
