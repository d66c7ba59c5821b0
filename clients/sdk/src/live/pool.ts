import { BatchboxError } from '../errors.ts'

/** A bound on what is open at a time. Source: row MSG-14. */
export interface Pool {
  /** Waits for a place, first come, first served; answers what gives it back. Throws a BatchboxError `POOL_TIMEOUT` when none is free in time, or the signal's reason. */
  acquire (what: string, signal: AbortSignal): Promise<() => void>
}

export function createPool ({ max, acquireTimeoutMs }: { max: number, acquireTimeoutMs: number }): Pool {
  const waiting = new Set<() => void>()
  let taken = 0
  const release = () => {
    const [next] = waiting
    if (next) next() // the place goes from hand to hand
    else taken--
  }
  return {
    async acquire (what, signal) {
      signal.throwIfAborted()
      if (taken < max) taken++
      else {
        await new Promise<void>((resolve, reject) => {
          const end = () => {
            waiting.delete(go)
            clearTimeout(timer)
            signal.removeEventListener('abort', stop)
          }
          const go = () => { end(); resolve() }
          const stop = () => { end(); reject(signal.reason) }
          const timer = setTimeout(() => {
            end()
            reject(new BatchboxError('POOL_TIMEOUT', `Cannot follow "${what}": all ${max} streams were in use for ${acquireTimeoutMs} ms; raise maxStreams, or use the WebSocket`))
          }, acquireTimeoutMs)
          waiting.add(go)
          signal.addEventListener('abort', stop)
        })
      }
      let isHeld = true
      return () => {
        if (isHeld) release()
        isHeld = false
      }
    },
  }
}
