import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Scope } from './scope.ts'

export interface HttpServer {
  port: number
  /** At 127.0.0.1. */
  origin: string
  /** Every request that came, in order: `GET /path`. */
  requests: string[]
  server: Server
}

/** Starts a server of HTTP, or of HTTPS with a key and a certificate, on 127.0.0.1, which ends with the test whatever is open. */
export async function startHttp (scope: Scope, listener: RequestListener, { host = '127.0.0.1', tls }: { host?: string, tls?: { key: string, cert: string } } = {}): Promise<HttpServer> {
  const requests: string[] = []
  const listen: RequestListener = (request, response) => {
    requests.push(`${request.method} ${request.url}`)
    listener(request, response)
  }
  const server = tls ? createSecureServer(tls, listen) : createServer(listen)
  server.listen(0, host)
  await once(server, 'listening')
  scope.after(() => new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  }))
  const { port } = server.address() as AddressInfo // it listens on a port
  return { port, origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, requests, server }
}

/** Reads the whole body of a request. */
export async function readBody (request: IncomingMessage): Promise<Buffer> {
  return Buffer.concat(await request.toArray() as Buffer[]) // no encoding was set
}

/** Writes the same bytes without an end, as fast as they are taken. `onWrite` hears each time. */
export function pour (response: ServerResponse, bytes: Buffer, onWrite = (): void => {}): void {
  const write = () => {
    do onWrite()
    while (!response.destroyed && response.write(bytes))
  }
  response.on('error', () => {}).on('drain', write)
  write()
}
