import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import {
  ApiError, AuthenticationError, ConflictError, ConnectionError, createClient, ForbiddenError, InvalidRequestError, NotFoundError, ProtocolError, RateLimitedError,
  RequestTimeoutError, ServiceError, type Client, type ClientOptions, type Job, type Retry,
} from '../../clients/sdk/src/index.ts'
import { buildRunError } from '../../clients/sdk/src/errors.ts'
import { delayOf, mayRetry, readRetryAfter } from '../../clients/sdk/src/http/retry.ts'
import { buildProblem } from '../../src/api/problem.ts'
import { FAILURES, type FailureCode } from '../../src/core/failures.ts'
import { buildFailure } from '../../src/core/outcome.ts'
import { readBody, startHttp } from '../helpers/http-server.ts'

const CODE = 'export default () => 1'
const JOB = { id: 'job_1', status: 'succeeded', result: 1 }

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A client of a server that answers as told, one request after the other, and the last answer from then on. */
async function script (t: TestContext, answers: Answer[], options: Partial<ClientOptions> = {}): Promise<{ client: Client, requests: { headers: IncomingMessage['headers'], body: string }[], retries: Retry[] }> {
  const requests: { headers: IncomingMessage['headers'], body: string }[] = []
  const retries: Retry[] = []
  const server = await startHttp(t, async (request, response) => {
    const body = String(await readBody(request))
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push({ headers: request.headers, body })
    answer?.(response, request)
  })
  return { client: createClient({ url: server.origin, apiKey: 'bbx_key', onRetry: (retry) => { retries.push(retry) }, ...options }), requests, retries }
}

const ok: Answer = (response) => { response.setHeader('content-type', 'application/json').end(JSON.stringify(JOB)) }
const refuse = (code: FailureCode, headers: Record<string, string> = {}): Answer => (response) => {
  response.writeHead(FAILURES[code].status, { 'content-type': 'application/problem+json', ...headers }).end(JSON.stringify(buildProblem(code, 'So it is')))
}
const cut: Answer = (response) => { response.destroy() }

test('what makes a job is sent again with the same Idempotency-Key and body after a broken connection and a service that is away', async (t) => {
  const { client, requests, retries } = await script(t, [cut, refuse('UNAVAILABLE'), ok])

  assert.equal((await client.jobs.create({ code: CODE })).id, 'job_1')

  const [first, ...others] = requests
  assert.match(String(first?.headers['idempotency-key']), /^[\da-f]{32}$/)
  assert.equal(first?.headers.authorization, 'Bearer bbx_key')
  assert.deepEqual(others.map(({ headers, body }) => [headers['idempotency-key'], body]), Array.from({ length: 2 }, () => [first?.headers['idempotency-key'], first?.body]))
  assert.deepEqual(retries.map(({ attempt, method, error }) => [attempt, method, (error as ApiError).code]), [[1, 'POST', 'CONNECTION'], [2, 'POST', 'UNAVAILABLE']])
})

test('what is not safe to repeat is sent once, unless it was refused before it was begun', async (t) => {
  const { client, requests } = await script(t, [refuse('RATE_LIMITED', { 'retry-after': '0' }), refuse('UNAVAILABLE')])

  await assert.rejects(client.keys.create({ name: 'k', scopes: ['jobs:read'] }), ServiceError)

  assert.equal(requests.length, 2)
})

test('a client gives up after its retries, with the last error', async (t) => {
  const { client, requests } = await script(t, [cut], { retries: 1 })

  await assert.rejects(client.jobs.get('job_1'), (error) => error instanceof ConnectionError && error.cause instanceof Error && error.message.startsWith('GET http://127.0.0.1:'))

  assert.equal(requests.length, 2)
})

test('a request that is not answered in time is repeated where that is safe, and ends in a RequestTimeoutError', async (t) => {
  const { client, retries } = await script(t, [() => {}], { retries: 1, timeoutMs: 40 })

  await assert.rejects(client.jobs.get('job_1'), RequestTimeoutError)

  assert.deepEqual(retries.map(({ error }) => (error as RequestTimeoutError).code), ['REQUEST_TIMEOUT'])
})

test('a batch is sent for as long as its items come', async (t) => {
  const { client, requests } = await script(t, [ok], { timeoutMs: 1 })
  const inputs = async function * () {
    yield 1
    await new Promise((resolve) => { setTimeout(resolve, 30) }) // slower than any other request may be
    yield 2
  }

  await client.batches.create({ job: { code: CODE }, inputs: inputs() })

  assert.match(requests[0]?.body ?? '', /\n1\n2\n$/)
})

test('what is gone when its removal is tried again was removed', async (t) => {
  const { client, requests } = await script(t, [cut, refuse('GONE'), refuse('GONE')])

  await client.jobs.delete('job_1')

  assert.equal(requests.length, 2)
  await assert.rejects(client.jobs.delete('job_1'), NotFoundError)
})

test('a body that stalls is as late as a head that does not come', async (t) => {
  const { client } = await script(t, [(response) => { response.writeHead(200).write('{') }], { retries: 0, timeoutMs: 60 })

  await assert.rejects(client.jobs.get('job_1'), RequestTimeoutError)
})

test('a signal ends a request, and a wait for the next try, with its reason', async (t) => {
  const controller = new AbortController()
  const { client } = await script(t, [() => { controller.abort(new Error('During')) }])
  const between = new AbortController()
  const waiting = await script(t, [refuse('UNAVAILABLE', { 'retry-after': '30' })], { onRetry: () => { between.abort(new Error('Between')) } })

  await assert.rejects(client.jobs.get('job_1', { signal: controller.signal }), /^Error: During$/)
  await assert.rejects(waiting.client.jobs.get('job_1', { signal: between.signal }), /^Error: Between$/)
})

test('an answer that is not of a Batchbox service says so', async (t) => {
  const { client } = await script(t, [(response) => { response.end('<html>Welcome') }, (response) => { response.writeHead(418).end('teapot') }])

  await assert.rejects(client.jobs.get('job_1'), (error) => error instanceof ProtocolError && /something other than JSON: <html>Welcome/.test(error.message))
  await assert.rejects(client.jobs.get('job_1'), { name: 'InvalidRequestError', code: 'HTTP_418', message: /answered 418: teapot/ })
})

test('interceptors see each try, and may change requests and answers', async (t) => {
  const seen: string[] = []
  const { client, requests } = await script(t, [ok], {
    onRequest: (request) => { request.headers.set('x-seen', 'yes') },
    onResponse: (response, request) => {
      seen.push(`${request.method} ${response.status}`)
      return Response.json({ ...JOB, id: 'job_2' })
    },
  })

  assert.equal((await client.jobs.get('job_1')).id, 'job_2')
  assert.deepEqual([requests[0]?.headers['x-seen'], seen], ['yes', ['GET 200']])
})

test('the key is asked for before each request, and headers of a call go before those of the client', async (t) => {
  let count = 0
  const { client, requests } = await script(t, [ok], { apiKey: async () => `bbx_${count += 1}`, headers: { 'x-a': 'client', 'x-b': 'client' } })

  await client.jobs.get('job_1')
  await client.jobs.get('job_1', { headers: { 'x-b': 'call' } })

  assert.deepEqual(requests.map(({ headers }) => [headers.authorization, headers['x-a'], headers['x-b']]), [['Bearer bbx_1', 'client', 'client'], ['Bearer bbx_2', 'client', 'call']])
})

test('items of an iterator are streamed; in browsers, which cannot, they are sent whole, and again where that is needed only from a function', async (t) => {
  const posted = { id: 'bat_1', items: [] }
  const { client, requests } = await script(t, [(response) => { response.end(JSON.stringify(posted)) }, cut, (response) => { response.end(JSON.stringify(posted)) }, cut])
  const inputs = async function * () { yield * [1, { two: 2 }, undefined] }

  await client.batches.create({ job: { code: CODE }, inputs: inputs() })
  Object.defineProperty(globalThis, 'document', { value: {}, configurable: true })
  t.after(() => Reflect.deleteProperty(globalThis, 'document'))
  await client.batches.create({ job: { code: CODE }, inputs })
  await assert.rejects(client.batches.create({ job: { code: CODE }, inputs: inputs() }), ConnectionError)

  const body = `{"job":{"code":"${CODE}"}}\n1\n{"two":2}\nnull\n`
  assert.deepEqual(requests.map(({ headers, body }) => [headers['transfer-encoding'], headers['content-length'], body]), [
    ['chunked', undefined, body], ...Array.from({ length: 3 }, () => [undefined, String(body.length), body]),
  ])
})

test('a URL with a path keeps it, and one that is none is refused at once', async (t) => {
  const server = await startHttp(t, (_request, response) => { response.end('{}') })
  await createClient({ url: `${server.origin}/batchbox` }).jobs.get('job/1')

  assert.deepEqual(server.requests, ['GET /batchbox/v1/jobs/job%2F1'])
  assert.throws(() => createClient({ url: 'localhost' }), { name: 'TypeError', message: /"localhost" is not a URL; give one like/ })
})

test('what the caller gives is looked at once: what its own functions throw, and what is no JSON and no id', async (t) => {
  const { client, requests } = await script(t, [ok], { retries: 1 })
  const fail = (): never => { throw new RangeError('Mine') }

  await assert.rejects(client.jobs.create({ code: CODE, input: 1n }), TypeError)
  for (const id of ['', '.', '..']) await assert.rejects(async () => client.jobs.delete(id), /^TypeError: Cannot ask for "\.{0,2}": it is no id$/)
  const inputs = function * () { yield fail() }
  await assert.rejects(client.batches.create({ job: { code: CODE }, inputs }), /^RangeError: Mine$/)
  const before = requests.length
  for (const options of [{ apiKey: fail }, { onRequest: fail }]) await assert.rejects(createClient({ url: 'http://127.0.0.1:1', ...options }).jobs.get('job_1'), /^RangeError: Mine$/)
  assert.equal(requests.length, before)
})

test('every code of the table of failures has its class of error, and tells who has to act', async (t) => {
  const CLASSES: Record<number, typeof ApiError> = {
    401: AuthenticationError, 403: ForbiddenError, 404: NotFoundError, 409: ConflictError, 410: NotFoundError, 429: RateLimitedError, 500: ServiceError, 502: ServiceError, 503: ServiceError, 507: ServiceError,
  }
  const codes = Object.keys(FAILURES) as FailureCode[] // the keys of a closed table
  const { client } = await script(t, codes.map((code) => refuse(code)), { retries: 0 })

  for (const code of codes) {
    const error = await client.jobs.get('job_1').catch((error: unknown) => error)
    const { status } = FAILURES[code]
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.code, error.status, error.fault, error.constructor, error.problem?.detail], [code, status, status < 500 ? 'caller' : 'service', CLASSES[status] ?? InvalidRequestError, 'So it is'])
  }
})

test('the error of a job is of the class of its end, and tells who has to act as the table of failures does', () => {
  const fail = (code: FailureCode, more = {}) => buildRunError({ ...JOB, status: 'failed', error: buildFailure(code, 'Said', more) } as Job)
  const limit = { name: 'cpuMs', configured: 1, observed: 2, suggested: 4 }
  const codes = (Object.keys(FAILURES) as FailureCode[]).filter((code) => FAILURES[code].fault !== 'caller') // the keys of a closed table

  for (const code of codes) {
    const error = fail(code)
    assert.deepEqual([error.code, error.fault, error.name, error.message], [code, FAILURES[code].fault, FAILURES[code].fault === 'code' ? 'CodeError' : 'JobLostError', `Error: Said (job job_1, ${code})`])
  }
  assert.deepEqual([fail('CPU_LIMIT', { limit }).name, fail('CPU_LIMIT', { limit }).limit], ['LimitError', limit])
  assert.deepEqual((['cancelled', 'expired'] as const).map((status) => buildRunError({ ...JOB, status, error: null } as unknown as Job)).map(({ name, code, fault, message }) => [name, code, fault, message]), [
    ['CancelledError', 'CANCELLED', 'caller', 'Job job_1 is cancelled'], ['ExpiredError', 'EXPIRED', 'caller', 'Job job_1 is expired'],
  ])
})

test('delays double from half a second to eight, half at random, and Retry-After goes before them', () => {
  assert.deepEqual([1, 2, 5, 9].map((failures) => delayOf(failures, undefined, () => 0)), [500, 1000, 8000, 8000])
  assert.equal(delayOf(1, undefined, () => 1), 250)
  assert.equal(delayOf(1, 3000), 3000)
  assert.deepEqual(['7', 'Thu, 01 Jan 1970 00:00:02 GMT', 'soon', null].map((header) => readRetryAfter(header, 1500)), [7000, 500, undefined, undefined])
})

test('a conflict is retried only where the service says when, and nothing where it says to wait for more than a minute', () => {
  const refusal = (status: number, retryAfterMs?: number) => new ApiError('', { code: 'X', status, problem: undefined, retryAfterMs })

  assert.deepEqual([refusal(409), refusal(409, 0), refusal(503, 61_000), refusal(501), refusal(404), refusal(408)].map((error) => mayRetry(error, true)), [false, true, false, false, false, true])
})
