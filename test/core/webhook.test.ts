import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { newWebhookSecret, signWebhook } from '../../src/core/webhook-signature.ts'
import { buildBatchWebhook, buildEndpointChange, buildEndpointRequest, buildJobWebhook, describeUrl } from '../../src/core/webhook.ts'

const url = 'https://example.com/hook'
const Job = buildJobWebhook()

function problems (body: object, schema: ReturnType<typeof buildJobWebhook> = Job): string {
  const parsed = schema.safeParse({ url, ...body })
  return parsed.success ? '' : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
}

test('a URL alone is a whole webhook, which is sent the ends', () => {
  const ends = ['job.succeeded', 'job.failed', 'job.dead', 'job.cancelled', 'job.expired']

  assert.deepEqual(Job.parse({ url }), { url, events: ends, headers: {} })
  assert.deepEqual(buildBatchWebhook().parse({ url }), { url, headers: {} })
  assert.deepEqual(buildEndpointRequest().parse({ url }), { url, events: [...ends, 'batch.completed'], headers: {}, description: '', enabled: true })
})

test('a URL is http or https, has no credentials and no fragment, and is kept in its one spelling', () => {
  const refused: [url: string, why: RegExp][] = [
    ['example.com/hook', /Expected a URL like/], ['', /url/], ['ftp://example.com', /scheme is "ftp": only https and http/], ['javascript:alert(1)', /scheme is "javascript"/], ['file:///etc/passwd', /"file"/],
    ['https://me:pass@example.com', /name or a password in it: send an authorization header/], ['https://me@example.com', /name or a password/], ['https://example.com/#', /fragment, which is never sent/],
    [`https://example.com/${'a'.repeat(2048)}`, /2048/], [`https://example.com/${'é'.repeat(1000)}`, /it has 6020 characters, more than 2048/], ['https://', /Expected a URL/], ['https://exa mple.com', /Expected a URL/],
  ]

  for (const [wrong, why] of refused) assert.match(problems({ url: wrong }), why, wrong)
  assert.equal(Job.parse({ url: 'HTTPS://Example.COM:443/a/../b?q=é\r\n' }).url, 'https://example.com/b?q=%C3%A9')
  assert.ok(!problems({ url: 'https://me:hunter2@example.com' }).includes('hunter2'))
})

test('headers are authorization or x-…, in lower case, and nothing that splits a request or says where it came from', () => {
  const names = ['host', 'content-length', 'Content-Type', 'transfer-encoding', 'connection', 'cookie', 'webhook-id', 'webhook-signature', 'user-agent', 'proxy-authorization', 'x-forwarded-for', 'X-Real-IP', 'x-http-method-override', 'x-original-url', 'x-', 'x-a b', 'x-a\r\nhost', 'x-é', `x-${'a'.repeat(64)}`, 'constructor']
  const values = ['', ' a', 'a ', 'a\r\nx-b: c', 'a\0', 'é', 'a\tb']

  for (const name of names) assert.match(problems(JSON.parse(`{"headers":{${JSON.stringify(name)}:"a"}}`)), /No header that a webhook may have/, name)
  for (const value of values) assert.match(problems({ headers: { 'x-a': value } }), /Expected printable ASCII/, JSON.stringify(value))
  assert.match(problems({ headers: Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`x-${i}`, 'a'])) }), /At most 10 headers/)
  assert.match(problems({ headers: { 'x-a': 'a'.repeat(4096) } }), /At most 4096 characters of headers/)
  assert.deepEqual(Job.parse({ url, headers: { Authorization: 'Bearer a b', 'X-Env': 'p' } }).headers, { 'authorization': 'Bearer a b', 'x-env': 'p' })
})

test('events are those of the table, each once; a job has none of batches, and nobody asks for tests', () => {
  for (const events of [[], ['job.log'], ['job.failed', 'job.failed'], ['batch.completed'], ['webhook.test'], ['*'], 'job.failed']) assert.notEqual(problems({ events }), '', JSON.stringify(events))
  assert.deepEqual(Job.parse({ url, events: ['job.started', 'job.lost'] }).events, ['job.started', 'job.lost'])
  assert.deepEqual(buildEndpointRequest().parse({ url, events: ['batch.completed'] }).events, ['batch.completed'])
})

test('under a ceiling only its hosts are valid', () => {
  const Held = buildJobWebhook(['*.example.com', 'example.org:8443'])

  assert.match(problems({}, Held), /"example\.com" is beyond the API key's ceiling \(ceilings\.webhooks\): \*\.example\.com, example\.org:8443/)
  for (const allowed of ['https://a.example.com', 'http://b.a.example.com/x', 'https://example.org:8443/']) assert.equal(problems({ url: allowed }, Held), '')
  for (const beyond of ['https://example.org', 'https://a.example.com:8443', 'https://aexample.com']) assert.match(problems({ url: beyond }, Held), /beyond/)
  assert.match(problems({}, buildJobWebhook([])), /: none/)
})

test('a change of an endpoint names what is to be other, and nothing is filled in', () => {
  const Change = buildEndpointChange()

  assert.deepEqual(Change.parse({ enabled: true }), { enabled: true })
  assert.match(Change.safeParse({}).error?.message ?? '', /At least one member is needed/)
  assert.equal(Change.safeParse({ secret: 'whsec_' }).success, false)
})

test('what is signed is verified with any of the secrets, and with no other', () => {
  const [former, current, other] = [newWebhookSecret(), newWebhookSecret(), newWebhookSecret()]
  const body = JSON.stringify({ type: 'job.succeeded', data: { result: 'é😀' } })

  const headers = signWebhook({ id: 'job_1-4', timestamp: Math.floor(Date.now() / 1000), body }, [current, former])

  assert.deepEqual(new Webhook(current).verify(body, headers), JSON.parse(body))
  assert.deepEqual(new Webhook(former).verify(body, headers), JSON.parse(body))
  assert.throws(() => new Webhook(other).verify(body, headers))
  assert.match(current, /^whsec_[A-Za-z0-9+/]{43}=$/)
})

test('neither the path nor the query of a URL is told', () => {
  assert.equal(describeUrl('https://example.com/?token=b'), 'https://example.com/…')
  assert.equal(describeUrl('https://example.com/services/token'), 'https://example.com/…')
  assert.equal(describeUrl('https://example.com'), 'https://example.com/')
})
