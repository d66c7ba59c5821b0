import { errors } from 'undici'
import { type RefusedAddress, TooManyBytes } from '../../net/guarded-agent.ts'
import type { RefusedTarget, Target } from '../../net/target.ts'
import { ToolError } from '../tool.ts'

/** What errors of Node, of undici and of TLS mean, as the end of a sentence. Their own words may tell of the network behind the worker. */
const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no name server knows its host',
  ENODATA: 'its host has no address',
  ESERVFAIL: 'the name server failed',
  EREFUSED: 'the name server refused to answer',
  ETIMEOUT: 'no name server answered in time',
  EBADNAME: 'its host is no name',
  ERR_ASSERTION: 'the answer is no HTTP', // a status that undici takes for impossible
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the server closed the connection',
  EPIPE: 'the server closed the connection',
  ETIMEDOUT: 'no connection was made in time',
  ENETUNREACH: 'its network cannot be reached',
  EHOSTUNREACH: 'its host cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'no connection was made in time',
  UND_ERR_SOCKET: 'the server closed the connection',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'its body is not as long as was said',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer\'s body is not as long as was said',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
}

/** Tells user code why a request or its response came to nothing. */
export function explain (error: unknown, { url }: Target, maxHeaderBytes: number): ToolError {
  if (error instanceof ToolError) return error
  if (error instanceof errors.HeadersOverflowError) return new ToolError(`Cannot fetch ${url.origin}: the answer's headers have more than ${maxHeaderBytes} bytes (maxHeaderBytes)`, { code: 'TOOL_LIMIT' })
  if (error instanceof TooManyBytes) return new ToolError(`Cannot fetch ${url.origin}: what came around the bodies is far more than the bodies may be (maxReceivedBytes)`, { code: 'TOOL_LIMIT' })
  return new ToolError(`Cannot fetch ${url.origin}: ${findReason(error)}`, { cause: error })
}

function findReason (error: unknown): string {
  if (!(error instanceof Error)) return 'the request failed'
  const [first] = error instanceof AggregateError ? error.errors as unknown[] : [] // one for each address that was tried
  if (first instanceof Error) return findReason(first)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (error instanceof errors.HTTPParserError) return 'the answer is no HTTP'
  if (/CERT|ISSUER|SIGNATURE/.test(code) && !Object.hasOwn(REASONS, code)) return `its certificate is not trusted (${code})`
  if (/^(ERR_SSL|EPROTO)/.test(code)) return `TLS failed (${code})`
  if (/^(Z_|ERR_BROTLI|ERR_.*PADDING|ERR__ERROR|ZSTD|ERR_ZSTD)/.test(code)) return `the answer's body cannot be decompressed (${code})`
  return REASONS[code] ?? (code === '' ? 'the request failed' : `the request failed (${code})`)
}

/** Says that a host is not granted, and what would grant it. */
export function denyHost ({ host, port }: Target): ToolError {
  const entry = port === 80 || port === 443 ? host : `${host}:${port}`
  return new ToolError(`Cannot fetch ${host}:${port}: the job was not granted it; permissions.net would have to name "${entry}"`, { code: 'PERMISSION_DENIED' })
}

export function denyAddress ({ host, port }: Target, { kind }: RefusedAddress): ToolError {
  return new ToolError(`Cannot fetch ${host}:${port}: its address is ${kind}; the operator would have to name it in allowRanges of the tool "fetch"`, { code: 'PERMISSION_DENIED' })
}

export function denyTarget ({ message, target }: RefusedTarget): ToolError {
  return new ToolError(`Cannot fetch${target && ` ${target}`}: ${message}`, { code: target === '' ? 'TOOL_ERROR' : 'PERMISSION_DENIED' })
}
