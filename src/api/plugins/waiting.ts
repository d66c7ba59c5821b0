import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyReply {
    /** A signal that comes when the client leaves, or was answered. */
    untilLeft (): AbortSignal
    /** The same, and also when the service stops, the caller's key is rotated or revoked, or that many milliseconds have passed: for waits that can be cut short without harm. */
    untilStopped (afterMs?: number): AbortSignal
    /** Whether either was asked for. */
    hasWaited: boolean
  }
}

/** Reason of the signal where it is the service that stops. */
export const STOPPING = 'the service stops'
/** Others. An abort without a reason makes a DOMException with a stack, which is a tenth of what a long poll costs. */
const [LEFT, KEY_ENDED, TIME_PASSED] = ['the client left or was answered', 'the key was ended', 'the time has passed']

export interface WaitingOptions {
  /** Calls back with the id of each key that is to be looked up again. */
  onForget? (listener: (keyId: string) => void): void
}

/** Lets requests that wait answer with what there is as soon as the service stops or their key is ended, and gives up those whose clients left. */
export const waiting = fp<WaitingOptions>(async (app, { onForget }) => {
  const waits = new Map<AbortController, FastifyRequest>()
  let stopping = false

  app.addHook('preClose', async () => {
    stopping = true
    for (const wait of waits.keys()) wait.abort(STOPPING)
  })

  onForget?.((keyId) => {
    for (const [wait, { caller }] of waits) if (caller.keyId === keyId) wait.abort(KEY_ENDED)
  })

  app.decorateReply('hasWaited', false)

  app.decorateReply('untilLeft', function (this: FastifyReply) {
    this.hasWaited = true
    return abortWhenLeft(this, new AbortController()).signal
  })

  app.decorateReply('untilStopped', function (this: FastifyReply, afterMs?: number) {
    this.hasWaited = true
    if (stopping || this.raw.closed) return AbortSignal.abort(STOPPING)
    const wait = abortWhenLeft(this, new AbortController())
    waits.set(wait, this.request)
    const timer = afterMs === undefined ? undefined : setTimeout(() => wait.abort(TIME_PASSED), afterMs)
    wait.signal.addEventListener('abort', () => {
      clearTimeout(timer)
      waits.delete(wait)
    }, { once: true })
    return wait.signal
  })
}, { name: 'waiting' })

/** Listens to the response's close, not the request's: that one comes as soon as the body was read. */
function abortWhenLeft (reply: FastifyReply, controller: AbortController): AbortController {
  if (reply.raw.closed) controller.abort(LEFT)
  else reply.raw.once('close', () => controller.abort(LEFT))
  return controller
}
