import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { after, before, suite, test } from 'node:test'
import {
  AuthenticationError, CodeError, ConflictError, createClient, ForbiddenError, InvalidRequestError, LimitError, NotFoundError, WaitTimeoutError, type Client,
} from '../../clients/sdk/src/index.ts'
import { readBody, startHttp } from '../helpers/http-server.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const ONE = 'export default () => 1'
const FOREVER = 'export default () => new Promise(() => { setTimeout(() => {}, 600_000) })'

suite('the client of a running service', () => {
  let service: TestService
  let client: Client
  const scope = lastInFirstOut({ after })
  before(async () => {
    service = await startService(scope, { env: { BATCHBOX_ENCRYPTION_KEYS: `test=${Buffer.alloc(32, 1).toString('base64')}`, BATCHBOX_WEBHOOK_ALLOW_RANGES: '127.0.0.0/8', BATCHBOX_WEBHOOK_DELAYS_MS: '0,100,200' } })
    client = createClient({ url: service.url, apiKey: service.key })
  })

  test('run answers what the code returned', async () => {
    const sum = await client.run<number>('export default (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0)', [1, 2, 3])

    assert.equal(sum, 6)
  })

  test('run answers results that do not stand inside the job', async () => {
    const text = await client.run<string>('export default (count) => "x".repeat(count)', 100_000)

    assert.equal(text.length, 100_000)
  })

  test('run throws the error of the code, with its code, its stack and the job', async () => {
    const running = client.run('export default function brew () {\n  throw new RangeError("No more tea")\n}')

    const error = await running.catch((error: unknown) => error)
    assert.ok(error instanceof CodeError)
    assert.deepEqual([error.name, error.code, error.fault, error.job.status], ['CodeError', 'USER_ERROR', 'code', 'failed'])
    assert.match(error.message, /^RangeError: No more tea \(job job_/)
    assert.match(error.userStack ?? '', /at brew .*:2:9/)
  })

  test('run throws the figures of a limit that the code broke', async () => {
    const error = await client.run(FOREVER, null, { limits: { timeoutMs: 50 } }).catch((error: unknown) => error)

    assert.ok(error instanceof LimitError)
    assert.equal(error.code, 'TIMEOUT')
    assert.deepEqual({ name: error.limit.name, configured: error.limit.configured }, { name: 'timeoutMs', configured: 50 })
    assert.ok(error.limit.suggested >= 100)
  })

  test('run gives up waiting after waitMs, and the job goes on', async () => {
    const error = await client.run(FOREVER, null, { waitMs: 100 }).catch((error: unknown) => error)

    assert.ok(error instanceof WaitTimeoutError)
    const { id } = error.last as { id: string } // what was waited for is a job
    assert.match((await client.jobs.get(id)).status, /queued|running/)
    await client.jobs.cancel(id)
  })

  test('run cancels the job once its signal is aborted', async () => {
    const controller = new AbortController()
    const running = client.run(FOREVER, null, { signal: controller.signal, tags: { of: 'abort' } })
    let id: string | undefined
    while (id === undefined) for await (const job of client.jobs.list({ tag: 'of:abort', status: 'running' })) id = job.id

    controller.abort(new Error('Enough'))

    await assert.rejects(running, /^Error: Enough$/)
    assert.equal((await client.jobs.wait(id)).status, 'cancelled')
  })

  test('run refuses a function, and the service what is no job', async () => {
    await assert.rejects(client.run((() => 1) as unknown as string), { name: 'TypeError', message: /^Cannot run a function: .* pass the source/ })
    const error = await client.run('export default 1', null, { priority: 'soon' as 'high' }).catch((error: unknown) => error)

    assert.ok(error instanceof InvalidRequestError)
    assert.equal(error.code, 'INVALID')
    assert.deepEqual(error.problem?.errors?.map(({ pointer }) => pointer), ['/priority'])
  })

  test('jobs are listed page by page, read, waited for, replayed and removed', async () => {
    const created = await Promise.all([1, 2, 3].map((input) => client.jobs.create({ code: 'export default (n) => { console.log("line", n); return n }', input, tags: { of: 'list' } })))
    const ended = await Promise.all(created.map(({ id }) => client.jobs.wait<number>(id)))

    const pages: number[] = []
    for await (const { data } of client.jobs.list({ tag: 'of:list', limit: 2, since: new Date(0) }).pages()) pages.push(data.length)
    assert.deepEqual(pages, [2, 1])
    assert.deepEqual(ended.map(({ result }) => result), [1, 2, 3])
    const { id = '' } = created[0] ?? {}
    const lines = await Array.fromAsync(client.jobs.logs(id))
    assert.deepEqual(lines.map(({ message }) => message), ['line 1'])
    assert.equal(await client.jobs.result(id), 1)
    const replay = await client.jobs.replay(id, { priority: 'high' })
    assert.deepEqual([replay.replayOf, (await client.jobs.wait(replay.id)).status], [id, 'succeeded'])
    assert.equal((await client.jobs.replay(id)).id, replay.id)
    await client.jobs.delete(id)
    await assert.rejects(client.jobs.get(id), NotFoundError)
    assert.ok((await client.jobs.trace(replay.id)).resourceSpans.length > 0)
  })

  test('the same Idempotency-Key answers the same job, and another body is a conflict', async () => {
    const idempotencyKey = 'order-4711'
    const [first, second] = [await client.jobs.create({ code: ONE }, { idempotencyKey }), await client.jobs.create({ code: ONE }, { idempotencyKey })]

    assert.equal(first.id, second.id)
    await assert.rejects(client.jobs.create({ code: ONE, priority: 'low' }, { idempotencyKey }), ConflictError)
  })

  test('a batch of an array ends, and its results come in order', async () => {
    const { id, total, items } = await client.batches.create({ job: { code: 'export default (n) => { if (n === 2) throw new Error("Two"); return n * n }' }, inputs: [1, 2, 3] })

    const batch = await client.batches.wait(id)
    const results = await Array.fromAsync(client.batches.results<number>(id))

    assert.deepEqual([total, items.length, batch.status, batch.counts.succeeded, batch.counts.failed], [3, 3, 'completed', 2, 1])
    assert.deepEqual(results.map(({ index, status, result, error }) => [index, status, result, error?.message]), [[0, 'succeeded', 1, undefined], [1, 'failed', undefined, 'Two'], [2, 'succeeded', 9, undefined]])
    const again = await client.batches.replay(id)
    assert.deepEqual([again.replayOf, again.total, (await client.batches.wait(again.id)).counts.failed], [id, 1, 1])
  })

  test('a batch is sent as an iterator makes it, jobs of their own too', async () => {
    async function * jobs () {
      for (let index = 0; index < 40; index += 1) yield { code: ONE, input: 'x'.repeat(4000), tags: { index: String(index) } }
    }

    const { id, total } = await client.batches.create({ jobs: jobs() })

    assert.equal(total, 40)
    const results = await Array.fromAsync(client.batches.results(id, { after: 9, limit: 5 }))
    assert.deepEqual(results.map(({ index }) => index), [10, 11, 12, 13, 14])
    assert.match((await client.batches.cancel(id)).status, /completed|cancell/)
  })

  test('what an iterator of items throws is what create throws', async () => {
    function * inputs () {
      yield 1
      throw new RangeError('No more items')
    }

    await assert.rejects(client.batches.create({ job: { code: ONE }, inputs: inputs() }, { retries: 0 }), /^RangeError: No more items$/)
  })

  test('a batch that is refused while it is sent says why', async () => {
    const stranger = createClient({ url: service.url, apiKey: `bbx_${'x'.repeat(40)}` })
    let isOver = false
    async function * inputs () {
      try {
        for (;;) yield 'x'.repeat(10_000)
      } finally {
        isOver = true
      }
    }

    await assert.rejects(stranger.batches.create({ job: { code: ONE }, inputs: inputs() }), AuthenticationError)
    await until('the iterator was ended', () => isOver)
  })

  test('dead letters are listed, counted, replayed and purged', async () => {
    const { id } = await client.jobs.run({ code: 'export default () => { throw new Error("Dead") }', retry: { attempts: 2, backoff: { delayMs: 0 } }, tags: { of: 'dead' } })

    const [letter] = (await client.deadLetters.list({ tag: 'of:dead' }).page()).data
    assert.deepEqual([letter?.id, letter?.error?.code, (await client.deadLetters.counts()).byCode['USER_ERROR']], [id, 'USER_ERROR', 1])
    const replay = await client.deadLetters.wait(await client.deadLetters.replay({ ids: [id], retry: { attempts: 1 } }))
    assert.deepEqual([replay.action, replay.status, replay.done], ['replay', 'done', 1])
    const purge = await client.deadLetters.wait(await client.deadLetters.purge({ tag: 'of:dead', since: new Date(0) }))
    assert.deepEqual([purge.action, purge.done], ['purge', 1])
  })

  test('functions are stored, read, called, started and deleted', async () => {
    const { functions } = client
    const { version } = await functions.put('next', { code: 'export default (n) => n + 1', input: 1 })
    await functions.put('next', { code: 'export default (n) => n + 2n', serialization: 'structured' })

    assert.deepEqual(await Promise.all([functions.run('next', 5, { version }), functions.run('next', 5n, { serialization: 'structured' })]), [6, 7n])
    const started = await client.jobs.wait((await functions.start('next', { version, tags: { for: 'me' } })).id)
    assert.deepEqual([started.result, started.tags], [2, { for: 'me', function: 'next', functionVersion: '1' }])
    assert.deepEqual([(await functions.get('next')).version, (await functions.get('next', { version })).request['input'], (await functions.list()).map(({ name }) => name)], [2, 1, ['next']])
    await functions.delete('next')
    await assert.rejects(functions.run('next'), NotFoundError)
  })

  test('keys are made, rotated and revoked, secrets and bounds are set', async () => {
    const key = await client.keys.create({ name: 'reader', scopes: ['jobs:read'] })
    const reader = createClient({ url: service.url, apiKey: key.token })

    await assert.rejects(reader.jobs.create({ code: ONE }), ForbiddenError)
    assert.ok((await Array.fromAsync(client.keys.list())).some(({ id }) => id === key.id))
    const { token } = await client.keys.rotate(key.id, { graceMs: 0 })
    assert.notEqual(token, key.token)
    await client.keys.delete(key.id)
    await assert.rejects(client.keys.get(key.id), NotFoundError)
    assert.equal((await client.secrets.set('TOKEN', 'a secret value')).name, 'TOKEN')
    assert.equal(await client.run('export default async () => (await secrets.get("TOKEN")).length', null, { tools: ['secrets'], secrets: ['TOKEN'] }), 14)
    assert.deepEqual((await client.secrets.list()).map(({ name }) => name), ['TOKEN'])
    await client.secrets.delete('TOKEN')
    const acts = await Array.fromAsync(client.tenants.acts())
    assert.ok(acts.some(({ act }) => act === 'key.revoked'))
  })

  test('webhooks are sent to endpoints, verified, looked up, sent again and signed by another secret', async (t) => {
    const bodies: { body: string, headers: IncomingHttpHeaders }[] = []
    const receiver = await startHttp(t, async (request, response) => {
      bodies.push({ body: String(await readBody(request)), headers: request.headers })
      response.end()
    })
    const { endpoints, deliveries } = client.webhooks
    const { id, secret } = await endpoints.create({ url: `${receiver.origin}/hook`, events: ['job.succeeded'], headers: { 'x-from': 'batchbox' } })

    const job = await client.jobs.run({ code: ONE })

    await until('the webhook came', () => bodies.length > 0)
    const [{ body, headers } = { body: '', headers: {} }] = bodies
    const message = await client.webhooks.verify(body, headers, secret)
    assert.deepEqual([message.type, message.data['id'], message.data['result'], headers['x-from']], ['job.succeeded', job.id, 1, 'batchbox'])
    const [delivery] = (await deliveries.list({ endpoint: id, job: job.id, since: new Date(0) }).page()).data
    assert.equal(delivery?.eventId, message.id)
    const deliveryId = delivery?.id ?? ''
    await until('the delivery was noted', async () => (await deliveries.get(deliveryId)).status === 'succeeded')
    const before = bodies.length
    await client.webhooks.redeliver(deliveryId)
    await until('it came again', () => bodies.length > before)
    const secrets = await client.webhooks.rotateSecret({ endpointId: id, graceMs: 60_000 })
    assert.deepEqual([secrets.length, secrets[1]?.secret, (await client.webhooks.secrets(id)).length], [2, secret, 2])
    const tried = await endpoints.test(id)
    await until('the test was delivered', async () => (await deliveries.get(tried.id)).status === 'succeeded')
    const sent = bodies.find(({ headers }) => headers['webhook-id'] === tried.eventId)
    assert.equal((await client.webhooks.verify(sent?.body ?? '', sent?.headers ?? {}, secrets[0]?.secret ?? '')).type, 'webhook.test')
    assert.deepEqual([(await endpoints.update(id, { enabled: false })).disabledReason, (await endpoints.get(id)).circuit.state, (await Array.fromAsync(endpoints.list())).length], ['asked', 'closed', 1])
    await endpoints.delete(id)
    assert.match((await client.webhooks.secrets())[0]?.secret ?? '', /^whsec_/)
  })
})
