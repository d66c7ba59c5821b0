import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Scope } from '../helpers/scope.ts'

/** What stands between the service and its Redis, and can make the way bad. */
export interface Proxy {
  url: string
  /** Breaks every connection; new ones are taken at once. */
  cut (): void
  /** Lets nothing through for that long, either way. */
  stall (ms: number): Promise<void>
  /** Lets nothing more through to connections that subscribed: they stay, and no word of Redis comes. */
  deafen (): void
  /** Has every piece of data wait that long, for that time. */
  slow (delayMs: number, ms: number): Promise<void>
}

/** Listens on loopback and passes everything on to a Unix socket. */
export async function startProxy (scope: Scope, socketPath: string): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>()
  const subscribers = new WeakSet<Socket>()
  let isDeaf = false
  let delayMs = 0
  let gate: Promise<unknown> = Promise.resolve()

  const pass = async (from: Socket, to: Socket) => {
    try {
      for await (const chunk of from) {
        if (/^\*2\r\n\$9\r\nsubscribe\r\n/i.test((chunk as Buffer).toString('latin1'))) subscribers.add(from)
        if (isDeaf && subscribers.has(to)) continue
        await gate
        if (delayMs > 0) await wait(delayMs)
        if (!to.write(chunk as Buffer)) await once(to, 'drain')
      }
    } catch {
      // one side broke: the other one is broken below
    }
    from.destroy()
    to.destroy()
  }
  const server = createServer({ noDelay: true }, (client) => {
    const target = connect(socketPath)
    const pair: [Socket, Socket] = [client, target]
    pairs.add(pair)
    for (const side of pair) {
      side.on('error', () => {}) // its end tells
      side.on('close', () => pairs.delete(pair))
    }
    void pass(client, target)
    void pass(target, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => { for (const [client, target] of pairs) { client.destroy(); target.destroy() } }
  scope.after(async () => {
    server.close()
    cut()
  })
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on a port
    cut,
    deafen () {
      isDeaf = true
    },
    async stall (ms) {
      gate = wait(ms)
      await gate
    },
    async slow (each, ms) {
      delayMs = each
      await wait(ms)
      delayMs = 0
    },
  }
}
