import { BatchboxError } from './errors.ts'

const SECRET_PREFIX = 'whsec_'
const TOLERANCE_MS = 300_000

/** A delivery that is not, or no longer, to be trusted. */
export class WebhookVerificationError extends BatchboxError {
  override readonly name = 'WebhookVerificationError'
  constructor (message: string) {
    super('WEBHOOK_VERIFICATION', message)
  }
}

/** Headers as fetch has them, or as Node has them. */
export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>

export interface VerifyOptions {
  /** How far the delivery's time may be from now, either way; 300,000 without it. */
  toleranceMs?: number | undefined
  /** In milliseconds of the Unix epoch. */
  now?: number | undefined
}

/** What a delivery tells. Members and types that are not known here may come with later versions. */
export interface WebhookMessage {
  /** The event's id: the same for every try. What is to be done once is done once per id. */
  id: string
  type: string
  timestamp: string
  version: number
  data: Record<string, unknown>
}

/**
 * Checks that a delivery came from the holder of one of the secrets and is recent, and answers what it tells. `body` is what came, byte by byte: not
 * parsed and written anew. Throws a WebhookVerificationError, and a SyntaxError for what is signed but no JSON. Source: Standard Webhooks 1.0.0.
 */
export async function verifyWebhook (body: string | Uint8Array | ArrayBuffer, headers: HeadersLike, secrets: string | readonly string[], { toleranceMs = TOLERANCE_MS, now = Date.now() }: VerifyOptions = {}): Promise<WebhookMessage> {
  const [id = '', timestamp = '', signatures = ''] = ['id', 'timestamp', 'signature'].map((name) => readHeader(headers, `webhook-${name}`))
  if (!id || !timestamp || !signatures) throw new WebhookVerificationError('Cannot trust the webhook: it lacks webhook-id, webhook-timestamp or webhook-signature')
  if (!/^\d{1,12}$/.test(timestamp) || Math.abs(now - Number(timestamp) * 1000) > toleranceMs) throw new WebhookVerificationError(`Cannot trust the webhook: its time (${timestamp.slice(0, 32)}) is more than ${toleranceMs} ms off`)
  const sent = body as string // whichever of the three it is, a Blob takes it
  const signed = await new Blob([`${id}.${timestamp}.`, sent]).arrayBuffer()
  const given = signatures.split(' ').flatMap((each) => each.startsWith('v1,') ? [decodeBase64(each.slice('v1,'.length))] : [])
  for (const secret of typeof secrets === 'string' ? [secrets] : secrets) {
    const key = await importKey(secret)
    // The runtime compares in constant time.
    for (const each of given) if (each && await crypto.subtle.verify('HMAC', key, each, signed)) return { ...JSON.parse(await new Blob([sent]).text()) as Omit<WebhookMessage, 'id'>, id } // the holder of the secret vouches for it
  }
  throw new WebhookVerificationError('Cannot trust the webhook: no signature is by any of the secrets')
}

/** Node has a list for a header that came twice. */
function readHeader (headers: HeadersLike, name: string): string {
  const { get } = headers as Headers // there is more than one class of that name
  const value = typeof get === 'function' ? get.call(headers, name) : Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1]
  return String(value ?? '')
}

async function importKey (secret: string): Promise<CryptoKey> {
  const bytes = decodeBase64(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret)
  if (!bytes || bytes.length === 0) throw new TypeError('Cannot verify webhooks: a secret is not base64, with "whsec_" before it')
  return crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify'])
}

function decodeBase64 (text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0))
  } catch {
    return undefined // not base64
  }
}
