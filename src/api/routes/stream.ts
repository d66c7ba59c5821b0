import type { FastifyReply, FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { JobError } from '../../core/failures.ts'
import { CLOSE_CODES, STREAM_PROTOCOLS } from '../../core/stream-protocol.ts'
import { isStillValid, type FindCaller } from '../access.ts'
import type { JobService } from '../job-service.ts'
import type { OpenStream, OpenStreams } from '../open-streams.ts'
import { readToken } from '../plugins/authentication.ts'
import { STOPPING } from '../plugins/waiting.ts'
import { withProblems } from '../problem.ts'
import { STREAM_CODECS, type StreamCodec } from '../stream/codec.ts'
import { createStreamConnection, type ConnectionBounds, type StreamConnection } from '../stream/connection.ts'
import { chooseProtocol, requireOrigin, STREAM_PATH } from '../stream/handshake.ts'
import { createHeart } from '../stream/heart.ts'
import { buildSubscriptionPlaces } from '../stream/places.ts'

export interface StreamRoutesOptions {
  jobs: JobService
  streams: OpenStreams
  findCaller: FindCaller
  heartbeatMs: number
  bounds: ConnectionBounds & { tenantSubscriptions: number }
  isAllowedOrigin (origin: string): boolean
}

/** What a connection was promised before it is upgraded. */
interface Upgrade {
  codec: StreamCodec
  stream: OpenStream
  until: AbortSignal
  token: string
}

const SWITCHING_PROTOCOLS = 101
const KEY_ENDED = [CLOSE_CODES.keyEnded, 'The API key was rotated, revoked or has expired: connect again with one that is valid'] as const
/** Clients that are told to go come back spread over so long. */
const RECONNECT_WITHIN_MS = 5000
const DESCRIPTION = `Follows many jobs, batches and tags over one WebSocket. Offer the subprotocol ${STREAM_PROTOCOLS.map((protocol) => `\`${protocol}\``).join(' or ')};
browsers offer \`batchbox.bearer.<API key>\` as well, since they cannot set a header. The messages are described in docs/streaming.md.`

/** Serves the WebSocket. Whoever may not have one is answered a problem, before the connection is upgraded. */
export const streamRoutes: FastifyPluginAsyncZod<StreamRoutesOptions> = async (app, { jobs, streams, findCaller, heartbeatMs, bounds, isAllowedOrigin }) => {
  const upgrades = new WeakMap<FastifyRequest, Upgrade>()
  const takePlace = buildSubscriptionPlaces(bounds.tenantSubscriptions)
  const heart = createHeart({ everyMs: heartbeatMs, isStillValid: (token) => isStillValid(findCaller, token), onKeyEnded: (connection) => connection.close(...KEY_ENDED) })
  app.addHook('onClose', async () => heart.close())

  app.route({
    method: 'GET',
    url: STREAM_PATH,
    config: { access: 'jobs:read', bearerProtocol: true },
    schema: { tags: ['jobs'], summary: 'Follow jobs, batches and tags over a WebSocket', description: DESCRIPTION, response: withProblems({}, 'UPGRADE_REQUIRED', 'OVERLOADED') },
    preHandler: async (request, reply) => { upgrades.set(request, prepare(request, reply)) },
    handler: () => {}, // prepare refuses what is no upgrade
    wsHandler (socket, request) {
      const upgrade = upgrades.get(request)
      if (!upgrade) throw new TypeError('Cannot serve the socket: its upgrade was not prepared')
      const { codec, stream, token, until } = upgrade
      const { tenant } = request.caller
      request.span.setAttribute('http.response.status_code', SWITCHING_PROTOCOLS).end()
      const connection = createStreamConnection(socket, {
        codec, bounds,
        open: (topic, after) => jobs.feed.open(tenant, topic, after),
        takePlace: () => takePlace(tenant),
        onSent: stream.sent,
        onError: (error) => app.log.error({ err: error }, 'stream failed'),
      })
      socket.once('close', heart.join({ connection, codec, token }))
      until.addEventListener('abort', () => end(connection, until), { once: true })
      if (until.aborted) end(connection, until)
    },
  })

  function prepare (request: FastifyRequest, reply: FastifyReply): Upgrade {
    const { headers, caller } = request
    if (!request.ws) {
      void reply.headers({ upgrade: 'websocket', connection: 'upgrade' })
      throw new JobError('UPGRADE_REQUIRED', `Cannot GET ${STREAM_PATH}: it is a WebSocket`)
    }
    requireOrigin(headers, isAllowedOrigin)
    const codec = STREAM_CODECS[chooseProtocol(headers['sec-websocket-protocol'])]
    const until = reply.untilStopped()
    if (until.aborted) throw new JobError('UNAVAILABLE', 'Cannot open the stream: this process is about to stop')
    const stream = streams.enter(caller.tenant, 'websocket')
    reply.raw.once('close', stream.leave)
    void reply.code(SWITCHING_PROTOCOLS) // for the metrics: the answer itself is written by the socket
    return { codec, stream, until, token: readToken(headers, true) ?? '' }
  }
}

function end (connection: StreamConnection, { reason }: AbortSignal): void {
  if (reason === STOPPING) connection.shutDown(Math.round(Math.random() * RECONNECT_WITHIN_MS))
  else connection.close(...KEY_ENDED)
}
