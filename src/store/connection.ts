import type { RedisOptions } from 'ioredis'

const FIRST_RETRY_MS = 50
const MAX_RETRY_MS = 2000
const FAIL_FAST_CONNECT_MS = 5000
/** A Redis that is there but answers nothing is as good as away. */
const FAIL_FAST_COMMAND_MS = 5000

export interface ConnectionOptions {
  /** `redis://`, `rediss://` (TLS) or `unix:///path/to/socket`. */
  url: string
  /** True answers errors while Redis is away; false holds commands until it is back. */
  failFast: boolean
  /** With failFast: never sends a command again whose answer was lost, for what must not be done twice. */
  once?: boolean
}

/** Options of ioredis, in the form that its constructor takes. */
export type ConnectionSettings = Omit<RedisOptions, 'replyMapping'>

/** Turns a Redis URL into the options of ioredis. Throws a TypeError for a URL of another kind. */
export function buildRedisOptions ({ url, failFast, once = false }: ConnectionOptions): ConnectionSettings {
  return {
    ...parseRedisUrl(url),
    retryStrategy: (times) => retryDelayMs(times, Math.random()),
    maxLoadingRetryTime: MAX_RETRY_MS,
    reconnectOnError: (error) => error.message.startsWith('READONLY '),
    maxRetriesPerRequest: failFast ? 1 : null,
    enableOfflineQueue: !failFast,
    ...(failFast ? { connectTimeout: FAIL_FAST_CONNECT_MS, commandTimeout: FAIL_FAST_COMMAND_MS } : {}),
    // Those that wait for the connection were not sent; they fail when the next try to connect does.
    ...(once ? { autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0, enableOfflineQueue: true } : {}),
  }
}

/** Half of the delay is drawn, so that processes that lost their Redis together do not come back together. `drawn` is from [0, 1). */
function retryDelayMs (times: number, drawn: number): number {
  const wholeMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(times, 10), MAX_RETRY_MS)
  return Math.round(wholeMs * (1 + drawn) / 2)
}

function parseRedisUrl (url: string): ConnectionSettings {
  const { protocol, hostname, port, pathname, username, password } = new URL(url)
  if (protocol === 'unix:') return { path: decodeURIComponent(pathname) }
  if (protocol !== 'redis:' && protocol !== 'rediss:') {
    throw new TypeError(`Cannot connect to Redis: "${protocol}//" is none of redis://, rediss://, unix://`)
  }
  const db = Number(pathname.slice(1))
  if (!Number.isInteger(db)) throw new TypeError('Cannot connect to Redis: the path of its URL is not the number of a database')
  return {
    host: hostname.replace(/^\[|\]$/g, ''), // ioredis wants an IPv6 address bare
    port: port === '' ? 6379 : Number(port),
    db,
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  }
}
