import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { Scope } from './scope.ts'

/** How Redis is told to subscribe. */
const SUBSCRIBE = /^\*2\r\n\$9\r\nsubscribe\r\n/i

/** What stands between two processes, and can make the way bad. */
export interface Proxy {
  readonly port: number
  /** Breaks every connection, with what was under way on it; new ones are taken at once. */
  cut (): void
  /** Breaks the one of so many connections that is chosen. Answers false where there is none. */
  cutOne (choose: (connections: number) => number): boolean
  /** Lets nothing through, either way, until what it answers is called. */
  hold (): () => void
  /** Lets everything in and nothing out for that long. */
  holdReplies (ms: number): Promise<void>
  /** Has every piece of data wait that long, for that time. */
  slow (delayMs: number, ms: number): Promise<void>
  /**
   * From now on passes everything on in pieces, split anywhere and each up to that late, and breaks connections in the middle of what they carry: each after
   * a number of bytes that is drawn anew, half to one and a half times the given one. Answers how to end that, which tells how many it broke.
   */
  trouble (options: Trouble): () => number
  /** Lets nothing more out to connections that subscribed to something: they stay, and no word of Redis comes. */
  deafen (): void
  /** Leads every new connection to that port. */
  point (port: number): void
}

/** How bad the way is. */
export interface Trouble {
  /** Draws from [0, 1). */
  random: () => number
  delayMs: number
  bytesPerCut: number
}

/** Listens on loopback and passes everything on to another port of it, or to a Unix socket. */
export async function startProxy (scope: Scope, to: number | string): Promise<Proxy> {
  const pairs = new Set<[Socket, Socket]>()
  const gates: Record<'in' | 'out', Promise<void>> = { in: Promise.resolve(), out: Promise.resolve() }
  const subscribers = new WeakSet<Socket>()
  let isDeaf = false
  let target: number | string = to
  let delayMs = 0
  let trouble: Trouble | undefined
  let broken = 0
  /** How much a connection carries until it is broken. */
  const budgets = new WeakMap<Socket, number>()

  /** Answers whether the connection still stands. */
  const passInPieces = async (chunk: Buffer, to: Socket, { random, delayMs, bytesPerCut }: Trouble) => {
    let left = budgets.get(to) ?? bytesPerCut * (0.5 + random())
    for (let rest = chunk; rest.length > 0 && !to.destroyed;) {
      const piece = rest.subarray(0, trouble ? Math.min(left, 1 + random() * rest.length) : rest.length)
      rest = rest.subarray(piece.length)
      await wait(random() * delayMs)
      to.write(piece)
      left -= piece.length
      if (left < 1) {
        broken++
        return false
      }
    }
    budgets.set(to, left)
    return !to.destroyed
  }

  const pass = async (from: Socket, to: Socket, way: 'in' | 'out') => {
    try {
      for await (const chunk of from) {
        if (SUBSCRIBE.test((chunk as Buffer).toString('latin1'))) subscribers.add(from)
        if (isDeaf && subscribers.has(to)) continue
        await gates[way]
        if (delayMs > 0) await wait(delayMs)
        if (to.destroyed) break
        if (trouble) {
          if (!await passInPieces(chunk as Buffer, to, trouble)) break
        } else if (!to.write(chunk as Buffer)) await once(to, 'drain')
      }
    } catch {
      // one side broke: the other one is broken below
    }
    from.destroy()
    to.destroy()
  }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect(typeof target === 'number' ? { host: '127.0.0.1', port: target, noDelay: true } : { path: target })
    const pair: [Socket, Socket] = [client, upstream]
    pairs.add(pair)
    for (const side of pair) {
      side.on('error', () => {}) // its end tells
      side.on('close', () => pairs.delete(pair))
    }
    void pass(client, upstream, 'in')
    void pass(upstream, client, 'out')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = () => { for (const [client, upstream] of pairs) { client.destroy(); upstream.destroy() } }
  scope.after(async () => {
    server.close()
    cut()
  })
  return {
    port: (server.address() as AddressInfo).port, // it listens on a port
    cut,
    cutOne (choose) {
      const pair = [...pairs][choose(pairs.size)]
      for (const side of pair ?? []) side.destroy()
      return pair !== undefined
    },
    hold () {
      const { promise, resolve } = Promise.withResolvers<void>()
      gates.in = gates.out = promise
      return resolve
    },
    async holdReplies (ms) {
      gates.out = wait(ms)
      await gates.out
    },
    async slow (each, ms) {
      delayMs = each
      await wait(ms)
      delayMs = 0
    },
    trouble (options) {
      trouble = options
      const before = broken
      return () => {
        trouble = undefined
        return broken - before
      }
    },
    deafen () { isDeaf = true },
    point (port) { target = port },
  }
}
