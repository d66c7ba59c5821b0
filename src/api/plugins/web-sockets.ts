import { once } from 'node:events'
import websocket from '@fastify/websocket'
import fp from 'fastify-plugin'
import { CLOSE_CODES, STREAM_BOUNDS } from '../../core/stream-protocol.ts'
import { chooseProtocol } from '../stream/handshake.ts'
import { COMPRESS_FROM_BYTES } from '../stream/outbox.ts'

/**
 * No context is kept between frames, so that a connection keeps no window of what it sent; small windows and little memory for each: 32 KB, in place of 256.
 * Source: zlib's manual, memory footprint.
 */
const DEFLATE = {
  threshold: COMPRESS_FROM_BYTES,
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  serverMaxWindowBits: 12,
  zlibDeflateOptions: { level: 1, memLevel: 5 },
  concurrencyLimit: 4,
}
/** A frame that comes in more pieces than this is no honest one; a client that does not answer a close within so long is cut off. */
const SOCKET = { maxFragments: 128, maxBufferedChunks: 1024, closeTimeout: 2000 }

/**
 * Upgrades connections for the route that serves WebSockets. A request for it that is refused, by whatever hook, takes its connection with it: it has left the HTTP server, whose
 * time-outs hold for it no longer. Must come before whatever refuses.
 */
export const webSockets = fp(async (app) => {
  await app.register(websocket, {
    options: {
      maxPayload: STREAM_BOUNDS.frameBytes,
      perMessageDeflate: DEFLATE,
      handleProtocols: (offered: Set<string>) => chooseProtocol([...offered].join()),
      ...SOCKET,
    },
    async preClose () {
      await Promise.all([...app.websocketServer.clients].map(async (client) => {
        client.close(CLOSE_CODES.goingAway) // most were told before
        if (client.readyState !== client.CLOSED) await once(client, 'close')
      }))
    },
    errorHandler (error, socket) {
      if ('code' in error) return // the peer's: its socket was closed with the code that fits
      app.log.error({ err: error }, 'stream failed')
      socket.close(CLOSE_CODES.failed)
    },
  })
  app.addHook('onSend', async (request, reply) => {
    if (request.ws) reply.header('connection', 'close')
  })
}, { name: 'web-sockets' })
