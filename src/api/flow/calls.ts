import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { JobError } from '../../core/failures.ts'
import { FlowReply, readFlowText } from '../../core/flow.ts'
import { openDb, type DbOptions } from '../../store/db.ts'
import { lookAtCalls, postCall, readAnswer, withdrawCall, type CallState } from '../../store/flow/calls.ts'
import type { Subscriber } from '../../store/subscriber.ts'

/** How often calls are looked at that take long. */
const LOOK_EVERY_MS = 1000
/** A call that Redis still has after it was given up is forgotten by it a little later. */
const FORGET_MS = 5000
/** What a run may take beside its own time: a runner that boots, and code that is compiled. */
const RUN_GRACE_MS = 20_000
/** How long the channel of answers may take to be there. */
const LISTEN_WITHIN_MS = 2000
/** Looks in a row that have to find nothing of a call before it is given up: its answer may be on the way. */
const LOST_AFTER_LOOKS = 2

export interface FlowBounds {
  /** Calls that this process may have open, of all tenants and of one. */
  perProcess: number
  perTenant: number
  /** Characters of code and input that those may have. */
  chars: number
  /** How long a call may wait for a worker. */
  startMs: number
}

export interface FlowRequest {
  id: string
  tenant: string
  codeHash: string
  text: string
  timeoutMs: number
  /** The caller left. */
  signal: AbortSignal
}

/** Calls that this process has open. */
export interface FlowCalls {
  readonly open: number
  openOf (tenant: string): number
  /**
   * Has a call run by a worker and answers what came of it. Throws RATE_LIMITED and OVERLOADED where there are too many, OVERLOADED where it was not begun in
   * time, WORKER_CRASHED where its worker is gone, UNAVAILABLE where Redis is or has forgotten it, CANCELLED when the caller leaves.
   */
  call (request: FlowRequest): Promise<{ reply: FlowReply, result: string }>
  close (): Promise<void>
}

interface OpenCall extends FlowRequest, PromiseWithResolvers<{ reply: FlowReply, result: string }> {
  postedAt: number
  /** Readings of the steady clock: when it was first seen to run. */
  runningSince: number | undefined
  /** Looks in a row that found nothing of it. */
  unknownFor: number
}

export interface FlowCallsOptions extends FlowBounds {
  store: Omit<DbOptions, 'failFast' | 'once'>
  subscriber: Pick<Subscriber, 'listen'>
}

/**
 * Opens the calls of a process. They are posted over a connection of their own, that sends nothing twice: a call is run once or not at all. Answers come as words on one channel; calls that take long are
 * looked at together, once a second, so that none waits for a worker that is gone, an answer that was lost or a Redis that forgot it.
 */
export function createFlowCalls ({ store, subscriber, ...bounds }: FlowCallsOptions): FlowCalls {
  const db = openDb({ ...store, failFast: true, once: true })
  const caller = randomUUID()
  const calls = new Map<string, OpenCall>()
  const byTenant = new Map<string, number>()
  let chars = 0
  let looking: NodeJS.Timeout | undefined
  const answers = subscriber.listen(db.keys.flowAnswersChannel(caller), (message) => { if (message !== undefined) void take(message) })
  let isListening = false
  const listening = answers.confirmed.then(() => { isListening = true })
  listening.catch(() => {}) // whoever calls is told

  async function take (message: string): Promise<void> {
    const { id, read } = readAnswer(db, message)
    const call = calls.get(id)
    if (!call) return
    try {
      const { head, json } = readFlowText(FlowReply, await read(call.tenant))
      call.resolve({ reply: head, result: json })
    } catch (cause) {
      call.reject(cause instanceof JobError ? cause : new JobError('UNAVAILABLE', 'Cannot read what came of the code: it ran, and its answer was lost; call again if it may run twice', { cause }))
    }
  }

  function enter ({ tenant, text }: FlowRequest): void {
    const own = byTenant.get(tenant) ?? 0
    if (own >= bounds.perTenant) throw new JobError('RATE_LIMITED', `Cannot take the call: ${own} of the tenant are open, allowed are ${bounds.perTenant} (BATCHBOX_TENANT_FLOW_CALLS); wait for some to be answered`)
    if (calls.size >= bounds.perProcess) throw new JobError('OVERLOADED', `Cannot take the call: ${calls.size} are open here, allowed are ${bounds.perProcess} (BATCHBOX_FLOW_CALLS); call again later`)
    if (chars + text.length > bounds.chars) throw new JobError('OVERLOADED', `Cannot take the call: those that are open here have ${chars} characters of code and input, allowed are ${bounds.chars} (BATCHBOX_FLOW_CHARS); call again later`)
    byTenant.set(tenant, own + 1)
    chars += text.length
  }

  function leave ({ id, tenant, text }: FlowRequest): void {
    const left = (byTenant.get(tenant) ?? 1) - 1
    if (left > 0) byTenant.set(tenant, left)
    else byTenant.delete(tenant)
    chars -= text.length
    calls.delete(id)
    if (calls.size > 0 || looking === undefined) return
    clearInterval(looking)
    looking = undefined
  }

  async function waitToListen (): Promise<void> {
    if (isListening || await Promise.race([listening.then(() => true), delay(LISTEN_WITHIN_MS, false)])) return
    throw new JobError('UNAVAILABLE', 'Cannot take the call: Redis, which carries the answers, cannot be reached; call again later')
  }

  async function look (): Promise<void> {
    const before = performance.now() - LOOK_EVERY_MS
    const slow = [...calls.values()].filter(({ postedAt }) => postedAt < before)
    if (slow.length === 0) return
    const states = await lookAtCalls(db, slow.map(({ id }) => id))
    for (const [i, call] of slow.entries()) judge(call, states[i] ?? 'unknown')
  }

  function judge (call: OpenCall, state: CallState): void {
    const now = performance.now()
    call.unknownFor = state === 'unknown' ? call.unknownFor + 1 : 0
    if (state === 'running') call.runningSince ??= now
    if (state === 'waiting' && now - call.postedAt > bounds.startMs) void giveUp(call)
    if (state === 'lost') call.reject(new JobError('WORKER_CRASHED', 'Cannot finish: the worker that ran the code is gone, and how far it came is not known; call again if it may run twice'))
    if (call.unknownFor >= LOST_AFTER_LOOKS) call.reject(new JobError('UNAVAILABLE', 'Cannot finish: Redis has lost the call or its answer, so that it may have run or not; call again if it may run twice'))
    if (now - (call.runningSince ?? now) > call.timeoutMs + RUN_GRACE_MS) {
      withdraw(call)
      call.reject(new JobError('UNAVAILABLE', 'Cannot finish: the worker did not answer in time; call again if it may run twice'))
    }
  }

  async function giveUp (call: OpenCall): Promise<void> {
    const hadNotBegun = await withdrawCall(db, call.id).catch(() => true)
    call.reject(new JobError('OVERLOADED', `Cannot run the code: no worker had room for it within ${bounds.startMs} ms (BATCHBOX_FLOW_START_MS)${hadNotBegun ? '' : ', and it was stopped as it began'}; call again later`))
  }

  /** What cannot be said now is over by itself when its time has passed. */
  function withdraw ({ id }: OpenCall): void {
    withdrawCall(db, id).catch(() => {})
  }

  return {
    get open () { return calls.size },
    openOf: (tenant) => byTenant.get(tenant) ?? 0,

    async call (request) {
      await waitToListen()
      enter(request)
      const call: OpenCall = { ...request, ...Promise.withResolvers<{ reply: FlowReply, result: string }>(), postedAt: performance.now(), runningSince: undefined, unknownFor: 0 }
      calls.set(call.id, call)
      looking ??= setInterval(() => { look().catch(() => {}) }, LOOK_EVERY_MS) // it looks again
      const onLeave = () => {
        withdraw(call)
        call.reject(new JobError('CANCELLED', 'Cannot answer: the caller left'))
      }
      request.signal.addEventListener('abort', onLeave, { once: true })
      try {
        await postCall(db, { id: call.id, tenant: call.tenant, codeHash: call.codeHash, caller, text: call.text, lifeMs: bounds.startMs + FORGET_MS })
        if (request.signal.aborted) onLeave()
        return await call.promise
      } finally {
        call.promise.catch(() => {})
        request.signal.removeEventListener('abort', onLeave)
        leave(call)
      }
    },

    async close () {
      clearInterval(looking)
      answers.stop()
      for (const call of calls.values()) call.reject(new JobError('UNAVAILABLE', 'Cannot finish: the service stops; call again'))
      await db.close()
    },
  }
}
