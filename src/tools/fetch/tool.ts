import { z } from 'zod'
import { AddressPolicy, isRange } from '../../net/address-policy.ts'
import { defineMethod, defineTool, perRun, ToolError, WithBytes } from '../tool.ts'
import type { Part } from './body-reader.ts'
import type { Exchange } from './exchange.ts'
import type { FetchRun } from './fetch-run.ts'
import { HeaderListInput, isForbiddenMethod } from './headers.ts'

const MB = 1_048_576
/** Bytes of a body that the guest half sends along with the request; what has more comes in parts. */
const WHOLE_BYTES = MB
/** A call answers, at the latest, so long after the request it belongs to has had its time. */
const GRACE_MS = 1000

const Id = z.number().int().min(1)
const Method = z.string().max(64).regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'The method is not a token').refine((method) => !isForbiddenMethod(method), 'The method is one that no request may have')

const Open = z.strictObject({
  id: Id,
  method: Method,
  url: z.string(),
  headers: HeaderListInput,
  redirect: z.enum(['follow', 'error', 'manual']),
  body: z.enum(['none', 'whole', 'stream']),
  length: z.number().int().min(0).nullable(),
}).refine(({ method, body }) => body === 'none' || (method !== 'GET' && method !== 'HEAD'), 'A request with GET or HEAD has no body')

const Head = z.strictObject({
  status: z.number().int(),
  statusText: z.string(),
  url: z.string(),
  redirected: z.boolean(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  ended: z.boolean(),
})

/** Requests over HTTP, to the hosts that the `net` permission grants. */
export default defineTool({
  name: 'fetch',
  description: 'Requests over HTTP to the hosts that the net permission grants',
  config: z.strictObject({
    /** Requests that one run may make, redirects included. */
    maxRequests: z.number().int().min(0).max(10_000).default(50),
    /** Bytes of bodies that one run may send. */
    maxSentBytes: z.number().int().min(0).max(1024 * MB).default(10 * MB),
    /** Bytes of bodies that one run may receive, decompressed. */
    maxReceivedBytes: z.number().int().min(0).max(1024 * MB).default(10 * MB),
    /** Milliseconds of one request, from its beginning to the last byte of its response. */
    timeoutMs: z.number().int().min(1).max(3_600_000).default(30_000),
    /** Milliseconds of one look-up and connection, with TLS. */
    connectTimeoutMs: z.number().int().min(1).max(60_000).default(10_000),
    /** Bytes of the headers of a request, and of those of a response. */
    maxHeaderBytes: z.number().int().min(1024).max(MB).default(16_384),
    /** Redirects that one request may be sent on by. Source of the default: Fetch standard. */
    maxRedirects: z.number().int().min(0).max(20).default(20),
    /** Addresses and ranges (CIDR) that may be reached although they are nobody's public address. */
    allowRanges: z.array(z.string().refine(isRange, 'Expected an address or a range like 10.1.0.0/16')).default([]),
    /** Name servers to ask, as `address` or `address:port`; those of the system unless there are any. */
    dnsServers: z.array(z.string()).default([]),
  }),
  narrows: ['maxRequests', 'maxSentBytes', 'maxReceivedBytes', 'timeoutMs', 'connectTimeoutMs', 'maxHeaderBytes', 'maxRedirects'],
  guest: new URL('./guest.js', import.meta.url),
  expose: () => ({ wholeBytes: WHOLE_BYTES }),
  setup: ({ allowRanges, dnsServers, connectTimeoutMs, ...limits }) => {
    const policy = new AddressPolicy(allowRanges)
    const runOf = perRun(async (run) => {
      const { FetchRun } = await import('./fetch-run.ts') // with undici: 30 MB that a worker is spared whose jobs fetch nothing
      return new FetchRun(run, { policy, dnsServers, connectTimeoutMs, limits })
    })
    const timeoutMs = limits.timeoutMs + GRACE_MS

    return {
      open: defineMethod({
        input: Open,
        output: Head,
        timeoutMs,
        effect: 'outside',
        run: async ({ id, ...request }, { run, bytes }) => await endingWith(await runOf(run), id, (exchange) => exchange.open(request, bytes)),
      }),
      write: defineMethod({
        input: z.strictObject({ id: Id, end: z.boolean() }),
        output: z.strictObject({ taken: z.boolean() }),
        timeoutMs,
        effect: 'outside',
        run: async ({ id, end }, { run, bytes }) => ({ taken: await (await runOf(run)).find(id)?.write(bytes, end) ?? false }),
      }),
      read: defineMethod({
        input: z.strictObject({ id: Id }),
        output: z.strictObject({ ended: z.boolean() }),
        timeoutMs,
        run: async ({ id }, { run }) => await endingWith(await runOf(run), id, (exchange) => exchange.read()),
      }),
      close: defineMethod({
        input: z.strictObject({ id: Id }),
        output: z.null(),
        async run ({ id }, { run }) {
          (await runOf(run)).end(id)
          return null
        },
      }),
    }
  },
})

/** Calls a request, which is over when the call fails, or when it answers the last of the response. */
async function endingWith<T extends Part> (requests: FetchRun, id: number, call: (exchange: Exchange) => Promise<T>): Promise<WithBytes<Omit<T, 'bytes'>>> {
  const exchange = requests.find(id)
  if (!exchange) throw new ToolError(`Cannot fetch: request ${id} is over`)
  try {
    const { bytes, ...answer } = await call(exchange)
    if (answer.ended) requests.end(id)
    return new WithBytes(answer, bytes)
  } catch (error) {
    requests.end(id)
    throw error
  }
}
