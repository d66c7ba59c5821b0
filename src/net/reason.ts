import { errors } from 'undici'

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

/** Tells why a request or its response came to nothing, as the end of a sentence. */
export function findReason (error: unknown): string {
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
