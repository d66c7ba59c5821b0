import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { Headers as OtherHeaders } from 'undici'
import { verifyWebhook } from '../../clients/sdk/src/index.ts'
import { newWebhookSecret, signWebhook } from '../../src/core/webhook-signature.ts'

const NOW = 1_800_000_000_000
const ID = 'job_1-7'
const BODY = JSON.stringify({ type: 'job.succeeded', timestamp: '2027-01-15T08:00:00.000Z', version: 1, data: { id: 'job_1', result: 'naïve ✓' } })
const at = { now: NOW }

function sign (secrets: readonly string[], { body = BODY, ms = NOW } = {}): Record<string, string> {
  return signWebhook({ id: ID, timestamp: ms / 1000, body }, secrets)
}

test('a delivery of the service is verified, and told as it was sent, with the id that is the same for every try', async () => {
  const secret = newWebhookSecret()
  const headers = sign([secret])
  const bytes = new TextEncoder().encode(BODY)

  for (const message of await Promise.all([
    verifyWebhook(BODY, headers, secret, at),
    verifyWebhook(bytes, new Headers(headers), [secret], at),
    verifyWebhook(bytes, new OtherHeaders(headers) as unknown as Headers, [secret], at), // as frameworks bring their own
    verifyWebhook(bytes.buffer, { 'Webhook-Id': ID, 'WEBHOOK-TIMESTAMP': headers['webhook-timestamp'], 'webhook-signature': [headers['webhook-signature'] ?? ''] }, [secret], at),
  ])) assert.deepEqual(message, { id: ID, ...JSON.parse(BODY) as object })
})

test('what standardwebhooks has signed is verified, and no other way to write a secret', async () => {
  const secret = newWebhookSecret()
  const headers = { 'webhook-id': ID, 'webhook-timestamp': String(NOW / 1000), 'webhook-signature': new Webhook(secret).sign(ID, new Date(NOW), BODY) }

  assert.equal((await verifyWebhook(BODY, headers, secret.slice('whsec_'.length), at)).type, 'job.succeeded')
  await assert.rejects(verifyWebhook(BODY, headers, 'whsec_', at), { name: 'TypeError', message: /a secret is not base64/ })
})

test('during a rotation either secret verifies, on either side', async () => {
  const [old, current, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()]

  await verifyWebhook(BODY, sign([current, old]), [old], at)
  await verifyWebhook(BODY, sign([old]), [current, old], at)
  await assert.rejects(verifyWebhook(BODY, sign([old, current]), [other], at), { code: 'WEBHOOK_VERIFICATION', message: /no signature is by any of the secrets/ })
})

test('nothing is verified that was changed, that is signed in another way, or that lacks a header', async () => {
  const secret = newWebhookSecret()
  const headers = sign([secret])
  const signature = headers['webhook-signature'] ?? ''
  const cases: [body: string, headers: Record<string, string>][] = [
    [`${BODY} `, headers],
    [BODY, { ...headers, 'webhook-id': 'job_1-8' }],
    [BODY, { ...headers, 'webhook-timestamp': String(NOW / 1000 + 1) }],
    [BODY, { ...headers, 'webhook-signature': signature.replace('v1,', 'v2,') }],
    [BODY, { ...headers, 'webhook-signature': signature.slice(0, -4) }],
    [BODY, { ...headers, 'webhook-signature': 'v1,~~~' }],
    [BODY, { 'webhook-id': ID, 'webhook-timestamp': headers['webhook-timestamp'] ?? '' }],
  ]

  for (const [body, given] of cases) await assert.rejects(verifyWebhook(body, given, secret, at), { name: 'WebhookVerificationError' })
})

test('a delivery of more than five minutes ago, or in that time, is refused, and so is a time that is none', async () => {
  const secret = newWebhookSecret()
  const verify = (ms: number, more = {}) => verifyWebhook(BODY, sign([secret], { ms }), secret, { ...at, ...more })

  await Promise.all([verify(NOW - 300_000), verify(NOW + 300_000), verify(NOW - 600_000, { toleranceMs: 600_000 })])
  await assert.rejects(verify(NOW - 301_000), /its time \(\d+\) is more than 300000 ms off/)
  await assert.rejects(verify(NOW + 301_000), { name: 'WebhookVerificationError' })
  await assert.rejects(verifyWebhook(BODY, { ...sign([secret]), 'webhook-timestamp': 'NaN' }, secret, at), { name: 'WebhookVerificationError' })
})
