import { createHmac, randomBytes } from 'node:crypto'

/** Source: Standard Webhooks, "Signature scheme": 24 to 64 bytes. */
const SECRET_BYTES = 32
const PREFIX = 'whsec_'

/** Draws a secret that deliveries are signed with: `whsec_` and base64. */
export function newWebhookSecret (): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64')
}

/** What is signed: the same id and body sent again at another time has another signature. */
export interface SignedMessage {
  id: string
  /** Seconds of the Unix epoch. */
  timestamp: number
  body: string | Buffer
}

/** Writes the headers of a delivery, with a signature by each of the secrets. Source: Standard Webhooks 1.0.0. */
export function signWebhook ({ id, timestamp, body }: SignedMessage, secrets: readonly string[]): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': secrets.map((secret) => `v1,${sign(`${id}.${timestamp}.`, body, secret)}`).join(' '),
  }
}

function sign (head: string, body: string | Buffer, secret: string): string {
  return createHmac('sha256', Buffer.from(secret.slice(PREFIX.length), 'base64')).update(head).update(body).digest('base64')
}
