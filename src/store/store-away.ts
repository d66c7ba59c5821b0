/** What ioredis says while it has no connection to write to, or lost the one that a command was sent on. */
const AWAY_MESSAGE = /^(?:Stream isn't writeable|Connection is closed|Connection is in subscriber mode|Command timed out|Reached the max retries per request limit|Socket timeout)/
/** Replies of a Redis that is there but takes no command, or no write: starting, full, unable to persist, losing its role. */
const REFUSING_REPLY = /^(?:LOADING|OOM|MISCONF|READONLY|MASTERDOWN|CLUSTERDOWN|NOREPLICAS|TRYAGAIN|BUSY)\b/
const SYSTEM_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN'])

/** Tells a failure of Redis, which passes when Redis is back, from a mistake of ours. */
export function isStoreAway (error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'MaxRetriesPerRequestError' || AWAY_MESSAGE.test(error.message)) return true
  if (error.name === 'ReplyError') return REFUSING_REPLY.test(error.message)
  return 'syscall' in error && 'code' in error && SYSTEM_CODES.has(String(error.code))
}
