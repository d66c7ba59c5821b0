import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ADMIN_HEADERS, startApi } from '../helpers/api.ts'
import { temporaryFolder } from '../helpers/files.ts'

/** What is uploaded may be of any type. */
const TAKES_ANY = 'put /v1/files/{name}'

interface Document {
  openapi: string
  tags: { name: string }[]
  webhooks: Record<string, unknown>
  paths: Record<string, Record<string, { tags: string[], responses: Record<string, { content?: object }>, security?: unknown[], requestBody?: object }>>
}

test('/openapi.json describes every route in OpenAPI 3.1, with a problem for each error it can answer', async (t) => {
  const { get } = await startApi(t)

  const response = await get('/openapi.json', {})

  const { openapi, paths, webhooks } = response.json() as unknown as Document // OpenAPI 3.1
  assert.deepEqual(Object.keys(webhooks), ['job', 'batch', 'test'])
  assert.match(JSON.stringify(webhooks['job']), /"job\.succeeded".*webhook-signature|webhook-signature.*"job\.succeeded"/)
  assert.match(openapi, /^3\.1\./)
  assert.deepEqual(Object.keys(paths).sort(), [
    '/execute', '/flow/codeblock', '/flow/health', '/flow/limits', '/flow/status', '/healthz', '/metrics', '/readyz', '/v1/audit', '/v1/batches', '/v1/batches/{id}', '/v1/batches/{id}/cancel', '/v1/batches/{id}/events', '/v1/batches/{id}/replay', '/v1/batches/{id}/results',
    '/v1/dead-letters', '/v1/dead-letters/counts', '/v1/dead-letters/purges/{id}', '/v1/dead-letters/purges/{id}/cancel',
    '/v1/dead-letters/replay', '/v1/dead-letters/replays/{id}', '/v1/dead-letters/replays/{id}/cancel', '/v1/events', '/v1/files', '/v1/files/{name}', '/v1/functions', '/v1/functions/{name}', '/v1/functions/{name}/jobs', '/v1/jobs', '/v1/jobs/{id}', '/v1/jobs/{id}/cancel',
    '/v1/jobs/{id}/checkpoint', '/v1/jobs/{id}/events', '/v1/jobs/{id}/files', '/v1/jobs/{id}/files/{name}', '/v1/jobs/{id}/logs', '/v1/jobs/{id}/replay', '/v1/jobs/{id}/result', '/v1/jobs/{id}/trace', '/v1/jobs/{id}/webhooks', '/v1/keys', '/v1/keys/{id}', '/v1/keys/{id}/rotate', '/v1/modules', '/v1/secrets', '/v1/secrets/{name}', '/v1/stats', '/v1/stream', '/v1/tenants/{tenant}', '/v1/tenants/{tenant}/bounds', '/v1/tenants/{tenant}/erasure', '/v1/uploads/{id}',
    '/v1/webhooks', '/v1/webhooks/deliveries', '/v1/webhooks/deliveries/redeliver', '/v1/webhooks/deliveries/{id}', '/v1/webhooks/deliveries/{id}/redeliver', '/v1/webhooks/secret', '/v1/webhooks/secret/rotate',
    '/v1/webhooks/{id}', '/v1/webhooks/{id}/rotate', '/v1/webhooks/{id}/secret', '/v1/webhooks/{id}/test',
  ])
  const post = paths['/v1/jobs']?.['post']
  assert.deepEqual(Object.keys(post?.responses ?? {}), ['200', '202', '400', '401', '403', '409', '410', '413', '415', '422', '429', '500', '503'])
  assert.deepEqual(Object.keys(post?.responses['413']?.content ?? {}), ['application/problem+json'])
  assert.match(JSON.stringify(post?.requestBody), /"memoryMb"/)
  assert.deepEqual(paths['/healthz']?.['get']?.security, [])
})

test('whatever /openapi.json refers to is in it, and every answer is described', async (t) => {
  const { get } = await startApi(t)

  const { body } = await get('/openapi.json', {})

  const { components } = JSON.parse(body) as { components: { schemas: Record<string, object> } } // OpenAPI 3.1
  const referred = new Set([...body.matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref = '']) => ref))
  assert.deepEqual([...referred].sort(), Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`).sort())
  assert.match(JSON.stringify(components.schemas['Problem']), /Names the kind of problem/)
  assert.doesNotMatch(body, /Default Response|9007199254740991|"format":"date-time","pattern"/)
})

test('a job and a transform are shown as examples that can be posted as they stand', async (t) => {
  const { get, post, send } = await startApi(t, { BATCHBOX_FILES: temporaryFolder(t) })
  await send({ method: 'PUT', url: '/v1/files/orders.csv', headers: ADMIN_HEADERS, payload: 'id,total\n1,2\n' })
  const { paths } = (await get('/openapi.json', {})).json() as { paths: { '/v1/jobs': { post: { requestBody: { content: { 'application/json': { examples: Record<string, { value: object }> } } } } } } } // OpenAPI 3.1

  const { examples } = paths['/v1/jobs'].post.requestBody.content['application/json']
  for (const [name, { value }] of Object.entries(examples)) {
    const { statusCode, body } = await post('/v1/jobs', value)

    assert.equal(statusCode, 202, `${name}: ${body}`)
  }
  assert.deepEqual(Object.keys(examples), ['job', 'transform'])
})

test('every operation tells what becomes of a body that it does not take, and every kind of operation what it is about', async (t) => {
  const { get, send } = await startApi(t)
  const { paths, tags } = (await get('/openapi.json', {})).json() as unknown as Document // OpenAPI 3.1
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })))

  for (const { method, path, operation: { responses } } of operations.filter(({ method, path }) => method !== 'get' && method !== 'head' && `${method} ${path}` !== TAKES_ANY)) {
    const { statusCode } = await send({ method: method as 'post', url: path.replace(/\{\w+\}/, 'any'), headers: { ...ADMIN_HEADERS, 'content-type': 'text/plain' }, payload: 'x' })

    assert.equal(statusCode, 415, `${method} ${path}`)
    assert.ok(responses['413'] && responses['415'], `${method} ${path} tells ${Object.keys(responses).join()}`)
  }
  assert.deepEqual([...new Set(operations.flatMap(({ operation }) => operation.tags))].sort(), tags.map(({ name }) => name).sort())
})

test('no answer may run, be framed or be taken for another type; only the reference is HTML', async (t) => {
  const { get } = await startApi(t)
  for (const path of ['/healthz', '/openapi.json', '/v1/jobs', '/nothing']) {
    const { headers } = await get(path)

    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
    assert.match(String(headers['content-type']), /^application\/(?:problem\+)?json/)
  }
  const { headers, statusCode } = await get('/docs', {})
  assert.equal(statusCode, 200)
  assert.match(String(headers['content-security-policy']), /script-src 'self'/)
})
