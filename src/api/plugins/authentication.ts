import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { hasScope, type Scope } from '../../core/api-key.ts'
import { JobError } from '../../core/failures.ts'
import { parseBearer, type Caller, type FindCaller } from '../access.ts'
import { parseBearerProtocol } from '../stream/handshake.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a key needs for this route; `open` needs none. */
    access?: Scope | 'open'
    /** Whether the key may come as a subprotocol of the WebSocket, for want of a header. */
    bearerProtocol?: boolean
    /** Whether the key may come as the header `accessToken`. */
    accessToken?: boolean
  }
  interface FastifyRequest {
    /** Who makes the request. Throws a TypeError in an open route. */
    readonly caller: Caller
  }
}

const ACCESS_TOKEN = /^\S{1,256}$/

export interface AuthenticationOptions {
  findCaller: FindCaller
  /** Path whose routes are open, for plugins that bring routes of their own. */
  openPath: string
}

/**
 * Refuses strangers with UNAUTHENTICATED before anything of their body is read, and keys without a route's scope with
 * FORBIDDEN. Every route says what it needs; one that does not stops the boot. Paths without a route need a valid key too.
 */
export const authentication = fp<AuthenticationOptions>(async (app, { findCaller, openPath }) => {
  const callers = new WeakMap<FastifyRequest, Caller>()
  app.decorateRequest('caller', { getter (this: FastifyRequest) { return readCaller(callers.get(this)) } })
  app.addHook('onRoute', (route) => requireAccess(route, openPath))
  app.addHook('onRequest', async (request) => {
    const access = request.routeOptions.config?.access // a path without a route has no config
    if (access === 'open') return
    const caller = await identify(request, findCaller)
    if (access && !hasScope(caller, access)) throw new JobError('FORBIDDEN', `Cannot ${request.method} ${request.routeOptions.url}: the key lacks the scope "${access}"`)
    callers.set(request, caller)
  })
}, { name: 'authentication' })

/** Reads the token of a request's headers: of `Authorization`, or of the subprotocols that it offers where that may be. */
export function readToken ({ authorization, 'sec-websocket-protocol': protocols }: IncomingHttpHeaders, fromProtocol = false): string | undefined {
  return parseBearer(authorization) ?? (fromProtocol ? parseBearerProtocol(protocols) : undefined)
}

function readAccessToken ({ accesstoken: token }: IncomingHttpHeaders): string | undefined {
  return typeof token === 'string' && ACCESS_TOKEN.test(token) ? token : undefined
}

async function identify (request: FastifyRequest, findCaller: FindCaller): Promise<Caller> {
  const { bearerProtocol, accessToken } = request.routeOptions.config ?? {}
  const token = (accessToken ? readAccessToken(request.headers) : undefined) ?? readToken(request.headers, bearerProtocol)
  if (token === undefined) throw new JobError('UNAUTHENTICATED', `Cannot identify the caller: the header "${accessToken ? 'accessToken: <key>' : 'Authorization: Bearer <key>'}" is missing or malformed`)
  const caller = await findCaller(token)
  if (!caller) throw new JobError('UNAUTHENTICATED', 'Cannot identify the caller: the key is unknown, revoked or expired')
  return caller
}

function readCaller (caller: Caller | undefined): Caller {
  if (!caller) throw new TypeError('Cannot read the caller: this route is open')
  return caller
}

function requireAccess (route: RouteOptions, openPath: string): void {
  if (route.url === openPath || route.url.startsWith(`${openPath}/`)) route.config = { ...route.config, access: 'open' }
  if (!route.config?.access) throw new TypeError(`Cannot add route ${String(route.method)} ${route.url}: config.access is missing`)
}
