import { createDeduplication, type DeduplicationWindow } from './deduplication.ts'
import { createMeter, type TypeMetrics } from './metrics.ts'
import type { LiveEvent } from './options.ts'

/** Handles an event; `parts` is what the asterisks of its pattern stand for, or the groups of its expression. */
export type Handler = (event: LiveEvent, parts: readonly string[]) => unknown
/** Stands around the handlers: `next` goes on, with another event if it is given one; without it nobody handles the event. */
export type Middleware = (event: LiveEvent, next: (event?: LiveEvent) => Promise<unknown>) => unknown

/** Hands events to whoever handles their type. */
export interface Router {
  /** Handles types: one by name, `job.*` with `*` for any text, or those that an expression matches. Answers what ends that. */
  on (pattern: string | RegExp, handler: Handler): () => void
  /** Adds what stands around all handlers, inside of what was added before. */
  use (middleware: Middleware): Router
  /** Hears of events that no pattern matches. */
  onUnhandled (listener: (event: LiveEvent) => unknown): () => void
  /**
   * Hands one event to its handlers, one after the other; answers what they answered. An event that came before, by its id and within the window, is
   * answered as the first time and not handled again, unless handling it failed. Rejects with what a handler or a middleware threw.
   */
  dispatch (event: LiveEvent): Promise<readonly unknown[]>
  /** Handles all events of a follower, one after the other. The next one is asked for, and so the last acknowledged, once it was handled. */
  run (events: AsyncIterable<LiveEvent>): Promise<void>
  /** By type: how many were handled, how many failed, and how long they took. */
  metrics (): Record<string, TypeMetrics>
}

/** Makes a router. Its window is of 5 minutes and 10,000 events unless told otherwise (row MSG-11). */
export function createRouter (window: DeduplicationWindow = {}): Router {
  const routes = new Set<{ match: (type: string) => readonly string[] | null, handler: Handler }>()
  const middlewares: Middleware[] = []
  const listeners = new Set<(event: LiveEvent) => unknown>()
  const answers = createDeduplication<Promise<readonly unknown[]>>(window)
  const meter = createMeter()

  const handle = async (event: LiveEvent): Promise<readonly unknown[]> => {
    const found = [...routes].map(({ match, handler }) => ({ parts: match(event.type), handler })).filter(({ parts }) => parts !== null)
    if (found.length === 0) for (const listener of listeners) await listener(event)
    const all: unknown[] = []
    for (const { parts, handler } of found) all.push(await handler(event, parts ?? []))
    return all
  }
  const process = async (event: LiveEvent): Promise<readonly unknown[]> => {
    const startedAt = performance.now()
    let all: readonly unknown[] = []
    let isError = true
    try {
      const pass = async (i: number, event: LiveEvent): Promise<unknown> => {
        const middleware = middlewares[i]
        if (middleware) return middleware(event, (changed = event) => pass(i + 1, changed))
        all = await handle(event)
        return all
      }
      await pass(0, event)
      isError = false
      return all
    } finally {
      meter.record(event.type, { ms: performance.now() - startedAt, isError })
    }
  }
  const router: Router = {
    on (pattern, handler) {
      const route = { match: buildMatch(pattern), handler }
      routes.add(route)
      return () => { routes.delete(route) }
    },
    use (middleware) {
      middlewares.push(middleware)
      return router
    },
    onUnhandled (listener) {
      listeners.add(listener)
      return () => { listeners.delete(listener) }
    },
    dispatch: (event) => answers.once(event.id, () => {
      const answer = process(event)
      answer.catch(() => answers.forget(event.id))
      return answer
    }),
    async run (events) {
      for await (const event of events) await router.dispatch(event)
    },
    metrics: meter.read,
  }
  return router
}

function buildMatch (pattern: string | RegExp): (type: string) => readonly string[] | null {
  if (typeof pattern === 'string' && !pattern.includes('*')) return (type) => type === pattern ? [] : null
  const text = typeof pattern === 'string' ? `^${pattern.split('*').map((part) => part.replace(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`)).join('(.*)')}$` : pattern.source
  const flags = typeof pattern === 'string' ? 's' : pattern.flags.replace(/[gy]/g, '') // an expression with a memory would match every other time
  const expression = new RegExp(text, flags)
  return (type) => expression.exec(type)?.slice(1) ?? null
}
