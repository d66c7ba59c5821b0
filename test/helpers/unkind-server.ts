import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import { createClient, type Client, type ClientOptions } from '../../clients/sdk/src/index.ts'
import { startHttp } from './http-server.ts'
import { lastInFirstOut } from './scope.ts'

/** An event as each transport writes it, with its envelope's members and the long poll's. */
export const toEvent = (cursor: number, more: object = {}) => ({
  id: `job_1-${cursor}`, type: 'job.log', time: '2026-01-01T00:00:00.000Z', timestamp: '2026-01-01T00:00:00.000Z', attempt: 1, payload: {}, cursor, sequence: cursor, subject: 'job_1', version: 1, ...more,
})

export interface Unkind {
  client: Client
  url: string
  requests: string[]
  /** Emits each WebSocket that opened as `socket`. */
  sockets: EventEmitter
}

/** A client of a server that is not as kind as the service: `answer` is given the requests, `talk` each message on a WebSocket. */
export async function startUnkind (t: TestContext, { answer = (_, response) => response.destroy(), talk, ...options }: Partial<ClientOptions> & {
  answer?: (request: IncomingMessage, response: ServerResponse) => unknown
  talk?: (message: { type: string, payload: { subscription: string } }, say: (message: unknown) => void, socket: WebSocket) => void
}): Promise<Unkind> {
  const sockets = new EventEmitter()
  const scope = lastInFirstOut(t)
  const { server, origin, requests } = await startHttp(scope, answer)
  const streams = new WebSocketServer({ server, handleProtocols: (protocols) => [...protocols][0] ?? false })
  streams.on('connection', (socket) => {
    sockets.emit('socket', socket)
    socket.on('message', (data: Buffer) => { // one message, as the client sends a few
      for (const message of [JSON.parse(String(data))].flat()) talk?.(message, (said) => socket.send(JSON.stringify(said)), socket)
    })
  })
  const client = createClient({ url: origin, retries: 0, reconnect: { delayMs: 1, maxDelayMs: 5 }, ...options })
  scope.after(async () => {
    await client.close()
    for (const socket of streams.clients) socket.terminate()
  })
  return { client, requests, sockets, url: origin }
}
