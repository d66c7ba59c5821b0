import { once } from 'node:events'
import { Server } from 'node:net'
import { setImmediate as nextLook, setTimeout as delay } from 'node:timers/promises'
import fp from 'fastify-plugin'

/** Looks at the queue of new connections that may go by before the listener closes all the same. */
const MOST_LOOKS = 1000
/** A turn of the event loop in which nothing worth mentioning was done. */
const QUIET_MS = 1

export interface LeavingOptions {
  /** Longest that idle connections stay open for their clients to close them. */
  lingerMs: number
}

/**
 * Lets the service go without breaking a request. First no connection is taken any more; whoever asks on one that is open is answered, and told
 * to use it no more; one that is idle is the client's to close, until `lingerMs` have passed: a server that closes it first may cross
 * a request that is on its way. Needs `return503OnClosing: false`, and a `pluginTimeout` that is longer or off.
 */
export const leaving = fp<LeavingOptions>(async (app, { lingerMs }) => {
  let isLeaving = false

  app.addHook('preClose', async () => {
    isLeaving = true
    if (!app.server.listening) return
    await stopListening(app.server)
    const timeUp = new AbortController()
    await Promise.race([once(app.server, 'close', timeUp), delay(lingerMs, undefined, timeUp)]).finally(() => timeUp.abort())
  })

  // Fastify itself says so to requests that come from now on, not to those that are being answered.
  app.addHook('onSend', async (_request, reply) => {
    if (isLeaving) reply.header('connection', 'close')
  })
}, { name: 'leaving' })

/**
 * Connections that the kernel has made and the process has not taken yet are reset when a listener closes, with the requests that are on them.
 * One is taken in each turn of the loop; so it closes right after a short turn that had none to take.
 */
async function stopListening (server: Server): Promise<void> {
  let taken = 0
  const count = () => { taken += 1 }
  server.on('connection', count)
  await nextLook() // the rest of the present turn
  for (let looks = 0; looks < MOST_LOOKS; looks++) {
    const [before, startedAt] = [taken, performance.now()]
    await nextLook()
    if (taken === before && performance.now() - startedAt < QUIET_MS) break
  }
  server.off('connection', count)
  // That of http.Server would close idle connections as well.
  Server.prototype.close.call(server)
}
