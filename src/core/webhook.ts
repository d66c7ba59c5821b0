import { z } from 'zod'
import type { EventType } from './events.ts'
import { findBeyond } from './permissions.ts'

/** Events of jobs that webhooks can be sent. Logs, progress and usage are for streams: there is no end to them. */
export const JOB_WEBHOOK_EVENTS = [
  'job.started', 'job.retrying', 'job.lost', 'job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired',
] as const satisfies readonly EventType[]
/** All events that an endpoint can be sent. */
export const WEBHOOK_EVENTS = [...JOB_WEBHOOK_EVENTS, 'batch.completed'] as const satisfies readonly EventType[]
export type WebhookEvent = typeof WEBHOOK_EVENTS[number]
/** What is sent to try an endpoint out. It is no event of anything, and nobody chooses it. */
export const TEST_EVENT = 'webhook.test'
export type WebhookType = WebhookEvent | typeof TEST_EVENT

/** What a webhook is sent unless it says: the ends. */
const JOB_ENDS = ['job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired'] as const satisfies readonly WebhookEvent[]

export const WEBHOOK_BOUNDS = {
  urlChars: 2048,
  headers: 10,
  headerNameChars: 64,
  /** Characters of the names and values of all headers of one webhook. */
  headersChars: 4096,
  descriptionChars: 256,
} as const

/** Without its path and query, which often hold a token: how a URL stands in logs and lists of what was done. */
export function describeUrl (url: string): string {
  const { origin, pathname, search } = new URL(url)
  return `${origin}/${pathname === '/' && search === '' ? '' : '…'}`
}

/** An address that is posted to, in its one spelling. Which addresses are reached is looked at when a delivery is made: a name may stand for another one by then. */
const WebhookUrl = z.string().min(1).max(WEBHOOK_BOUNDS.urlChars)
  .superRefine((text, context) => {
    const fault = findUrlFault(text)
    if (fault !== undefined) context.addIssue({ code: 'custom', message: fault })
  })
  .overwrite((text) => URL.parse(text)?.href ?? text)
  .meta({ description: 'Posted to over https, or http; without credentials and without a fragment', example: 'https://example.com/hooks/batchbox' })

function findUrlFault (text: string): string | undefined {
  const url = URL.parse(text)
  if (!url) return 'Expected a URL like https://example.com/hook'
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `The scheme is "${url.protocol.slice(0, -1)}": only https and http are posted to`
  if (url.username !== '' || url.password !== '') return 'The URL has a name or a password in it: send an authorization header instead (headers)'
  if (text.includes('#')) return 'The URL has a fragment, which is never sent'
  return url.href.length > WEBHOOK_BOUNDS.urlChars ? `Written as URLs are, it has ${url.href.length} characters, more than ${WEBHOOK_BOUNDS.urlChars}` : undefined
}

/** Never those that say what a request is, where it comes from or where it goes. */
const HEADER_NAME = /^(?:authorization|x-[a-z0-9][a-z0-9-]*)$/
const REFUSED_HEADERS = /^x-(?:forwarded|real-ip|original|rewrite|http-method|method-override)/
/** Printable ASCII, without spaces at either end. Source: RFC 9110, section 5.5, without what is obsolete there. */
const HEADER_VALUE = /^[!-~](?:[ -~]*[!-~])?$/

const WebhookHeaders = z.record(z.string(), z.string().regex(HEADER_VALUE, 'Expected printable ASCII without spaces around it'))
  .refine((headers) => Object.keys(headers).length <= WEBHOOK_BOUNDS.headers, { error: `At most ${WEBHOOK_BOUNDS.headers} headers`, abort: true })
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers).filter((each) => !isHeaderName(each.toLowerCase()))) {
      context.addIssue({ code: 'custom', path: [name], message: 'No header that a webhook may have: expected "authorization" or one of your own, "x-…", that servers give no meaning to' })
    }
  })
  .overwrite((headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])))
  .refine((headers) => Object.entries(headers).flat().join('').length <= WEBHOOK_BOUNDS.headersChars, `At most ${WEBHOOK_BOUNDS.headersChars} characters of headers`)
  .meta({ description: 'Sent with every delivery: `authorization` and `x-…`; their values are not answered again', example: { 'x-environment': 'production' } })

function isHeaderName (name: string): boolean {
  return name.length <= WEBHOOK_BOUNDS.headerNameChars && HEADER_NAME.test(name) && !REFUSED_HEADERS.test(name)
}

function chooseEvents<const T extends readonly WebhookEvent[]> (events: T) {
  return z.array(z.enum(events)).min(1).max(events.length)
    .refine((chosen) => new Set(chosen).size === chosen.length, 'Each event once')
    .meta({ description: 'Events that it is sent' })
}

/** Builds the schema of an address, for keys that may have some hosts alone. */
function buildUrl (hosts: readonly string[] | null) {
  return hosts === null ? WebhookUrl : WebhookUrl.superRefine((url, context) => {
    if (URL.canParse(url) && !isWithinHosts(url, hosts)) context.addIssue({ code: 'custom', message: `${JSON.stringify(new URL(url).host)} is beyond the API key's ceiling (ceilings.webhooks): ${hosts.join(', ') || 'none'}` })
  })
}

/** Tells whether a ceiling has the host of an address. A ceiling of null has every host. */
export function isWithinHosts (url: string, hosts: readonly string[] | null): boolean {
  return hosts === null || findBeyond({ net: [url] }, { net: [...hosts] }) === undefined
}

/** Builds the schema of the webhook of a job; with the ceiling of an API key, no other host is valid. */
export function buildJobWebhook (hosts: readonly string[] | null = null) {
  return z.strictObject({
    url: buildUrl(hosts),
    events: chooseEvents(JOB_WEBHOOK_EVENTS).default([...JOB_ENDS]),
    headers: WebhookHeaders.default({}),
  }).describe("Is told of the job's events, beside the tenant's endpoints; signed with the tenant's secret (GET /v1/webhooks/secret)")
}
export type JobWebhook = z.output<ReturnType<typeof buildJobWebhook>>

/** Builds the schema of the webhook of a batch, which is told of its end. */
export function buildBatchWebhook (hosts: readonly string[] | null = null) {
  return z.strictObject({ url: buildUrl(hosts), headers: WebhookHeaders.default({}) })
    .describe("Is told of batch.completed; what is told of each item is the `webhook` of its job. Signed with the tenant's secret")
}
export type BatchWebhook = z.output<ReturnType<typeof buildBatchWebhook>>

/** Printable: it stands in lists. */
const Description = z.string().max(WEBHOOK_BOUNDS.descriptionChars).regex(/^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]*$/u, 'Expected no control characters')

/** Builds the schema of an endpoint to be made, which is told of events of all of a tenant's jobs and batches. */
export function buildEndpointRequest (hosts: readonly string[] | null = null) {
  return z.strictObject({
    url: buildUrl(hosts),
    events: chooseEvents(WEBHOOK_EVENTS).default([...JOB_ENDS, 'batch.completed']),
    headers: WebhookHeaders.default({}),
    description: Description.default(''),
    enabled: z.boolean().default(true),
  })
}
export type EndpointRequest = z.output<ReturnType<typeof buildEndpointRequest>>

/** Builds the schema of what is to be other of an endpoint; what is left out stays. */
export function buildEndpointChange (hosts: readonly string[] | null = null) {
  const { url, events, headers, description, enabled } = buildEndpointRequest(hosts).shape
  return z.strictObject({
    url: url.optional(),
    events: events.unwrap().optional(),
    headers: headers.unwrap().optional().describe('Instead of all headers that it has'),
    description: description.unwrap().optional(),
    enabled: enabled.unwrap().optional().describe('true has it tried again at once, whatever it was disabled for'),
  }).refine((change) => Object.values(change).some((member) => member !== undefined), 'At least one member is needed')
}
export type EndpointChange = z.output<ReturnType<typeof buildEndpointChange>>

/** The webhook of a job or a batch as it is answered: the values of headers are left out. */
export const WebhookView = z.object({
  url: z.string(),
  events: z.array(z.enum(WEBHOOK_EVENTS)),
  headers: z.array(z.string()).describe('Names of its headers'),
})
export type WebhookView = z.infer<typeof WebhookView>
