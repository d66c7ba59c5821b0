import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test, type TestContext } from 'node:test'
import { Webhook as Verifier } from 'standardwebhooks'
import { BatchMessage, JobMessage } from '../../src/api/webhook-documentation.ts'
import { ensurePython } from '../helpers/python.ts'
import { KEY, startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { startReceiver, type Received } from '../helpers/webhooks.ts'

const ROOT = join(import.meta.dirname, '../..')
const CODE = 'export default (input) => { if (input === "bad") throw new Error("no"); return input }'
const stack = new AsyncDisposableStack()
let service: TestService

before(async () => {
  service = await startService({ after: (end) => { stack.defer(async () => { await end() }) } }, { env: { BATCHBOX_WEBHOOK_ALLOW_RANGES: '127.0.0.0/8', BATCHBOX_WEBHOOK_DELAYS_MS: '0,100,200', BATCHBOX_WEBHOOK_CIRCUIT_FAILURES: '5', BATCHBOX_WEBHOOK_CIRCUIT_MS: '60000' } })
})
after(() => stack.disposeAsync())

type Members = Record<string, unknown>

/** What came, with its body read. */
interface Webhook extends Received {
  event: { type: string, data: Members }
}

/** Starts a receiver that can be waited for, and told to answer otherwise. */
async function receive (t: TestContext) {
  const webhooks: Webhook[] = []
  const receiver = {
    webhooks,
    answer: (response: ServerResponse) => { response.writeHead(204).end() },
    async wait (count: number, fits = (_: Webhook): boolean => true): Promise<Webhook[]> {
      await until(`${count} webhooks came`, () => webhooks.filter(fits).length >= count, 30_000)
      return webhooks.filter(fits)
    },
  }
  const { origin } = await startReceiver(t, (received, response) => {
    webhooks.push({ ...received, event: JSON.parse(received.body) as Webhook['event'] }) // the test looks at it
    receiver.answer(response)
  })
  return Object.assign(receiver, { origin })
}

async function ask (method: string, path: string, body?: unknown): Promise<{ status: number, json: Members }> {
  return service.request(method, path, body === undefined ? {} : { body })
}

async function makeEndpoint (t: TestContext, body: Members): Promise<{ id: string, secret: string }> {
  const { status, json } = await ask('POST', '/v1/webhooks', body)
  assert.equal(status, 201, JSON.stringify(json))
  const id = String(json['id'])
  t.after(() => ask('DELETE', `/v1/webhooks/${id}`))
  return { id, secret: String(json['secret']) }
}

async function ownSecret (): Promise<string> {
  const [first] = (await ask('GET', '/v1/webhooks/secret')).json['data'] as { secret: string }[]
  assert.ok(first)
  return first.secret
}

async function deliveriesOf (query: string): Promise<Members[]> {
  return (await ask('GET', `/v1/webhooks/deliveries?${query}`)).json['data'] as Members[]
}

function verify ({ body, headers }: Received, secret: string): Members {
  return new Verifier(secret).verify(body, headers as Record<string, string>) as Members // each has one value
}

test('a job tells its webhook and the endpoints of its tenant of its end, signed with the secret of each, under one id', async (t) => {
  const receiver = await receive(t)
  const { id, secret } = await makeEndpoint(t, { url: `${receiver.origin}/endpoint`, events: ['job.started', 'job.succeeded'], headers: { 'X-Env': 'test' } })
  const job = await service.run({ code: CODE, input: { a: 'é😀' }, tags: { pipeline: 'orders' }, webhook: { url: `${receiver.origin}/job?token=t`, headers: { authorization: 'Bearer swordfish' } } })

  const [started] = await receiver.wait(1, ({ event }) => event.type === 'job.started')
  const ends = await receiver.wait(2, ({ event }) => event.type === 'job.succeeded')
  const [own, endpoint] = [ends.find(({ path }) => path === '/job?token=t'), ends.find(({ path }) => path === '/endpoint')]
  assert.ok(own && endpoint && started)
  verify(started, secret)
  assert.deepEqual(verify(endpoint, secret), verify(own, await ownSecret()))
  assert.equal(own.headers['webhook-id'], endpoint.headers['webhook-id'])
  assert.deepEqual([own.headers['authorization'], own.headers['x-env'], endpoint.headers['x-env']], ['Bearer swordfish', undefined, 'test'])
  assert.match(String(own.headers['content-type']), /^application\/json/)
  assert.partialDeepStrictEqual(own.event, { type: 'job.succeeded', version: 1, data: { id: job.id, status: 'succeeded', result: { a: 'é😀' }, error: null, tags: { pipeline: 'orders' }, batchId: null } })
  assert.ok(!own.body.includes('swordfish'))
  assert.deepEqual(JobMessage.parse(own.event), own.event, 'it is what /openapi.json says, and no more')

  await until('both are told as delivered', async () => (await deliveriesOf(`job=${job.id}&status=succeeded`)).length === 3)
  const { data } = (await ask('GET', `/v1/jobs/${job.id}/webhooks`)).json as { data: Members[] }
  const { json } = await ask('GET', `/v1/webhooks/deliveries/${String(data.find(({ endpointId }) => endpointId === null)?.['id'])}`)
  assert.partialDeepStrictEqual(json, { eventId: own.headers['webhook-id'], type: 'job.succeeded', subject: job.id, status: 'succeeded', reason: null, tried: 1, tries: [{ number: 1, status: 204, error: null }] })
  assert.deepEqual((await deliveriesOf(`endpoint=${id}`)).length, 2)
})

test('a batch tells of its end, once, and its items of theirs; what is replayed has the webhook too', async (t) => {
  const receiver = await receive(t)
  const webhook = (path: string) => ({ url: `${receiver.origin}${path}` })
  const { json } = await ask('POST', '/v1/batches', { job: { code: CODE, webhook: { ...webhook('/item'), events: ['job.failed'] } }, inputs: [1, 'bad', 2], webhook: webhook('/batch') })

  const [[end], [item]] = await Promise.all([receiver.wait(1, ({ path }) => path === '/batch'), receiver.wait(1, ({ path }) => path === '/item')])
  assert.ok(end && item)
  assert.partialDeepStrictEqual(verify(end, await ownSecret()), { type: 'batch.completed', version: 1, data: { id: json['id'], status: 'completed', total: 3, counts: { succeeded: 2, failed: 1 } } })
  assert.deepEqual([BatchMessage.parse(end.event), JobMessage.parse(item.event)], [end.event, item.event], 'they are what /openapi.json says, and no more')
  const failed = item.event.data
  assert.partialDeepStrictEqual(item.event, { type: 'job.failed', data: { batchId: json['id'], status: 'failed', error: { code: 'USER_ERROR' } } })

  const replayed = await ask('POST', `/v1/jobs/${String(failed['id'])}/replay`, {})
  const items = await receiver.wait(2, ({ path }) => path === '/item')
  assert.deepEqual(items.map(({ event }) => event.data['id']).slice(1), [replayed.json['id']])
  await ask('POST', `/v1/batches/${String(json['id'])}/replay`, {})
  const ends = await receiver.wait(2, ({ path }) => path === '/batch')
  assert.deepEqual(ends.map(({ event }) => event.data['replayOf']), [null, json['id']])
})

test('while a secret is rotated deliveries verify with both, and then with the new one alone', async (t) => {
  const receiver = await receive(t)
  const { id, secret } = await makeEndpoint(t, { url: receiver.origin, events: ['job.succeeded'] })
  const send = async () => {
    const before = receiver.webhooks.length
    await ask('POST', `/v1/webhooks/${id}/test`)
    return (await receiver.wait(before + 1))[before] as Webhook
  }

  const rotated = (await ask('POST', `/v1/webhooks/${id}/rotate`, { graceMs: 60_000 })).json['data'] as { secret: string }[]
  const during = await send()
  const ended = (await ask('POST', `/v1/webhooks/${id}/rotate`, { graceMs: 0 })).json['data'] as { secret: string }[]
  const afterwards = await send()

  assert.deepEqual(rotated.map((each) => each.secret).slice(1), [secret])
  for (const { secret: each } of rotated) verify(during, each)
  verify(afterwards, String(ended[0]?.secret))
  for (const { secret: each } of rotated) assert.throws(() => verify(afterwards, each))
})

test('a test is delivered as any event, and is answered with how it went', async (t) => {
  const receiver = await receive(t)
  const { id, secret } = await makeEndpoint(t, { url: receiver.origin, events: ['job.dead'] })

  const good = await ask('POST', `/v1/webhooks/${id}/test`)
  receiver.answer = (response) => { response.writeHead(503).end('away for <b>lunch</b>') }
  const bad = await ask('POST', `/v1/webhooks/${id}/test`)

  assert.equal(good.status, 200)
  assert.partialDeepStrictEqual(good.json, { type: 'webhook.test', subject: id, endpointId: id, status: 'succeeded', tries: [{ number: 1, status: 204, error: null }] })
  assert.partialDeepStrictEqual(verify(receiver.webhooks[0] as Webhook, secret), { type: 'webhook.test', data: { webhookId: id } })
  assert.equal(bad.status, 200)
  assert.partialDeepStrictEqual((bad.json['tries'] as Members[])[0], { number: 1, status: 503, answer: 'away for <b>lunch</b>' })
})

test('what was given up while a receiver was down is delivered again, one or many, under the ids it had', async (t) => {
  const receiver = await receive(t)
  const { id } = await makeEndpoint(t, { url: receiver.origin, events: ['job.succeeded'] })
  receiver.answer = (response) => { response.writeHead(500).end() }
  await service.run({ code: CODE, input: 1 })
  await until('it was given up', async () => (await deliveriesOf(`endpoint=${id}&status=dead`)).length === 1)
  const [dead] = await deliveriesOf(`endpoint=${id}`)
  const tried = receiver.webhooks.length

  receiver.answer = (response) => { response.writeHead(204).end() }
  await ask('PATCH', `/v1/webhooks/${id}`, { enabled: true })
  const one = await ask('POST', `/v1/webhooks/deliveries/${String(dead?.['id'])}/redeliver`)
  await receiver.wait(tried + 1)
  await until('it was delivered', async () => (await deliveriesOf(`endpoint=${id}&status=succeeded`)).length === 1)
  const many = await ask('POST', '/v1/webhooks/deliveries/redeliver', { endpoint: id, status: 'succeeded' })
  await receiver.wait(tried + 2)

  assert.equal(dead?.['reason'], 'exhausted')
  assert.equal(tried, 3)
  assert.equal(one.status, 202)
  assert.deepEqual(many.json, { redelivered: 1, skipped: 0, isFull: false, nextCursor: null })
  assert.deepEqual(new Set(receiver.webhooks.map(({ headers }) => headers['webhook-id'])).size, 1)
})

test('an endpoint that answers 410 is sent no more until it is enabled again', async (t) => {
  const receiver = await receive(t)
  const { id } = await makeEndpoint(t, { url: receiver.origin, events: ['job.succeeded'] })
  receiver.answer = (response) => { response.writeHead(410).end() }
  await service.run({ code: CODE })
  await until('it was disabled', async () => (await ask('GET', `/v1/webhooks/${id}`)).json['disabledReason'] === 'gone')

  const [dead] = await deliveriesOf(`endpoint=${id}`)
  await service.run({ code: CODE })
  const meanwhile = await deliveriesOf(`endpoint=${id}`)
  receiver.answer = (response) => { response.writeHead(204).end() }
  const enabled = await ask('PATCH', `/v1/webhooks/${id}`, { enabled: true })
  await service.run({ code: CODE })
  await receiver.wait(2)

  assert.partialDeepStrictEqual(dead, { status: 'dead', reason: 'gone', tried: 1 })
  assert.equal(meanwhile.length, 1)
  assert.partialDeepStrictEqual(enabled.json, { enabled: true, disabledReason: null })
})

test('the receivers among the examples take what is genuine, once, and nothing else', async (t) => {
  const secret = await ownSecret()
  const programs: [program: string, file: string][] = [[process.execPath, 'receive.ts'], [ensurePython(), 'receive.py']]

  for (const [program, file] of programs) {
    const child = spawn(program, [join(ROOT, 'examples/webhooks', file)], { env: { PATH: process.env['PATH'] ?? '', SECRET: secret, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => child.kill('SIGKILL'))
    const lines: Members[] = []
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Members))
    await until(`${file} listens`, () => lines.length === 1)
    const url = String(lines[0]?.['listening'])

    const job = await service.run({ code: CODE, input: 7, webhook: { url } })
    await until(`${file} was told`, () => lines.length === 2)
    await until('it was delivered', async () => (await deliveriesOf(`job=${job.id}&endpoint=own&status=succeeded`)).length === 1)
    const [delivery] = await deliveriesOf(`job=${job.id}&endpoint=own`)
    await ask('POST', `/v1/webhooks/deliveries/${String(delivery?.['id'])}/redeliver`)
    await until('it was delivered again', async () => (await ask('GET', `/v1/webhooks/deliveries/${String(delivery?.['id'])}`)).json['tried'] === 2)
    const forged = await fetch(url, { method: 'POST', headers: { 'webhook-id': 'a', 'webhook-timestamp': String(Math.floor(Date.now() / 1000)), 'webhook-signature': `v1,${'A'.repeat(43)}=` }, body: '{}' })

    assert.partialDeepStrictEqual(lines[1], { id: delivery?.['eventId'], type: 'job.succeeded', data: { id: job.id, result: 7 } })
    assert.equal(lines.length, 2, 'a repeat is not handled')
    assert.equal(forged.status, 401)
  }
})

test('no log line of the service has a secret, the value of a header or the query of a URL', async () => {
  const lines = JSON.stringify([service.api.lines, service.worker.lines])
  const { json } = await ask('GET', '/v1/webhooks/secret')
  const secrets = (json['data'] as { secret: string }[]).map(({ secret }) => secret)

  for (const each of [...secrets, 'swordfish', 'token=t', KEY]) assert.ok(!lines.includes(each), each)
})
