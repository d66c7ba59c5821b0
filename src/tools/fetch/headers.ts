import { z } from 'zod'
import { ACCEPT_ENCODING } from '../../net/decode-body.ts'
import { ToolError } from '../tool.ts'

/** Names and values, in their order; a name may come more than once. */
export type HeaderList = readonly (readonly [name: string, value: string])[]

const COUNT_MAX = 256

/** Headers as the guest half sends them: names in lower case, values of one character for each byte. Source of both: RFC 9110, section 5.6.2 and 5.5. */
export const HeaderListInput = z.array(z.tuple([
  z.string().regex(/^[!#$%&'*+\-.^_`|~0-9a-z]+$/, 'The name of a header is not a token'),
  z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'The value of a header has a control character'),
])).max(COUNT_MAX)

/**
 * What says where a message ends, where it goes or who carries it is not for user code to say. Source: Fetch standard, "forbidden request-header", without
 * `Cookie`, `Origin` and `Referer`: no cookie is kept here and no page is open, so they say only what user code has them say.
 */
const FORBIDDEN = new Set([
  'accept-charset', 'accept-encoding', 'connection', 'content-length', 'date', 'dnt', 'expect', 'host', 'http2-settings', 'keep-alive', 'te', 'trailer',
  'transfer-encoding', 'upgrade', 'via',
])
const FORBIDDEN_PREFIXES = ['access-control-request-', 'proxy-', 'sec-'] as const
const OVERRIDES = new Set(['x-http-method', 'x-http-method-override', 'x-method-override'])

/** Names of what goes with a body, and goes when a redirect drops it. Source: Fetch standard, "request-body-header name". */
const OF_BODY = new Set(['content-encoding', 'content-language', 'content-location', 'content-type'])
/** Names of what is meant for one origin only. */
const OF_ORIGIN = new Set(['authorization', 'cookie'])

/** Throws a ToolError for a header that user code may not set, and for more than `maxBytes` of them. The guest half drops the former without a word. */
export function checkHeaders (headers: HeaderList, maxBytes: number): void {
  const forbidden = headers.find(([name, value]) => isForbidden(name, value))
  if (forbidden) throw new ToolError(`Cannot fetch: the header "${forbidden[0]}" is not for user code to set`)
  const bytes = headers.reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0) // the colon, the space and the line's end
  if (bytes > maxBytes) throw new ToolError(`Cannot fetch: its headers have ${bytes} bytes, allowed are ${maxBytes} (maxHeaderBytes)`, { code: 'TOOL_LIMIT' })
}

function isForbidden (name: string, value: string): boolean {
  if (OVERRIDES.has(name)) return value.split(',').some((method) => isForbiddenMethod(method.trim()))
  return FORBIDDEN.has(name) || FORBIDDEN_PREFIXES.some((prefix) => name.startsWith(prefix))
}

/** Methods that no request may have. Source: Fetch standard, "forbidden method". */
export function isForbiddenMethod (method: string): boolean {
  return /^(connect|trace|track)$/i.test(method)
}

export function withoutBodyHeaders (headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !OF_BODY.has(name))
}

export function withoutCredentials (headers: HeaderList): HeaderList {
  return headers.filter(([name]) => !OF_ORIGIN.has(name))
}

/** Answers the headers that are sent, names and values in turn: user code's, and what a request has besides. `length` is that of a body which comes in parts. */
export function buildHeaders (headers: HeaderList, length: number | null): string[] {
  const names = new Set(headers.map(([name]) => name))
  const own: [string, string][] = [['accept-encoding', names.has('range') ? 'identity' : ACCEPT_ENCODING]] // a part of a compressed body is of no use
  if (!names.has('accept')) own.push(['accept', '*/*'])
  if (!names.has('user-agent')) own.push(['user-agent', 'batchbox'])
  if (length !== null) own.push(['content-length', String(length)])
  return [...headers, ...own].flat()
}

/** Reads the headers of a response, names and values in turn. */
export function readHeaders (raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, at) => at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? '']] : [])
}

/** Answers the values of one name, as one text. */
export function joinValues (headers: HeaderList, wanted: string): string {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value).join(', ')
}
