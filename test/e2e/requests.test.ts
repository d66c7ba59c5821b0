import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAILURES, type FailureCode } from '../../src/core/failures.ts'
import { newId } from '../../src/core/ids.ts'
import { startService } from '../helpers/service.ts'
import { allKeys } from '../helpers/store.ts'

const CODE = 'export default () => 1'

interface Wrong {
  method?: string
  path?: string
  body?: unknown
  headers?: Record<string, string>
  code: FailureCode
  /** What the detail must tell. */
  detail: RegExp
  /** The member at fault. */
  pointer?: string
}

const WRONG: Record<string, Wrong> = {
  'a body that is not JSON': { body: '{"code": ', code: 'BAD_REQUEST', detail: /as JSON/ },
  'no body at all': { code: 'BAD_REQUEST', detail: /there is none/ },
  'a body of another type': { body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' }, code: 'UNSUPPORTED_MEDIA_TYPE', detail: /application\/x-www-form-urlencoded.*not application\/json/ },
  'a member that nobody knows': { body: { code: CODE, colour: 'red' }, code: 'INVALID', detail: /Unknown member/, pointer: '/colour' },
  'a member of the wrong type': { body: { code: 7 }, code: 'INVALID', detail: /string/, pointer: '/code' },
  'no code': { body: {}, code: 'INVALID', detail: /code/, pointer: '/code' },
  'a tool that does not exist': { body: { code: CODE, tools: ['teleport'] }, code: 'INVALID', detail: /Unknown tool "teleport"/, pointer: '/tools/0' },
  'a limit above its maximum': { body: { code: CODE, limits: { memoryMb: 5000 } }, code: 'INVALID', detail: /5000 MB, more than the maximum of 1024 MB/, pointer: '/limits/memoryMb' },
  'too many tags': { body: { code: CODE, tags: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ''])) }, code: 'INVALID', detail: /16 tags/, pointer: '/tags' },
  'nesting without an end': { body: `{"code":"1","input":${'['.repeat(100_000)}`, code: 'INVALID', detail: /nests deeper/ },
  'code that is too long': { body: { code: 'x'.repeat(100_001) }, code: 'CODE_TOO_LARGE', detail: /100001 characters.*100000/ },
  'an input that is too large': { body: { code: CODE, input: 'x'.repeat(2_097_152) }, code: 'INPUT_TOO_LARGE', detail: /2097154 bytes.*2097152/ },
  'a body of 20 MB': { body: { code: CODE, input: 'x'.repeat(20_971_520) }, code: 'INPUT_TOO_LARGE', detail: /than the maximum of/ },
  'a key that nobody has': { headers: { authorization: `Bearer bbx_${'w'.repeat(40)}` }, body: { code: CODE }, code: 'UNAUTHENTICATED', detail: /unknown/ },
  'a header that is no key': { headers: { authorization: 'Basic abc' }, body: { code: CODE }, code: 'UNAUTHENTICATED', detail: /missing or malformed/ },
  'an id that nobody knows': { method: 'GET', path: `/v1/jobs/${newId('job')}`, code: 'NOT_FOUND', detail: /Cannot find job/ },
  'an id that is malformed': { method: 'GET', path: '/v1/jobs/..%2Fetc', code: 'NOT_FOUND', detail: /Cannot find job/ },
  'a cancel of a job that nobody knows': { path: `/v1/jobs/${newId('job')}/cancel`, code: 'NOT_FOUND', detail: /Cannot find job/ },
  'a path that nothing serves': { method: 'GET', path: '/v1/nothing', code: 'NOT_FOUND', detail: /nothing here/ },
  'a method that is not taken': { method: 'PUT', path: '/v1/jobs', body: {}, code: 'METHOD_NOT_ALLOWED', detail: /GET/ },
  'a query that is not valid': { method: 'GET', path: '/v1/jobs?limit=many', code: 'INVALID', detail: /limit/, pointer: '/limit' },
  'a wrong timeout of POST /execute': { path: '/execute', body: { code: CODE, timeout: 'long' }, code: 'INVALID', detail: /timeout/, pointer: '/timeout' },
  'an idempotency key of two lines': { headers: { 'idempotency-key': 'a b' }, body: { code: CODE }, code: 'INVALID', detail: /Idempotency-Key/ },
}

test('wrong requests over HTTP', async (t) => {
  const service = await startService(t, { worker: false })
  const before = await allKeys(service.db)

  await t.test('each', { concurrency: 8 }, (t) => {
    for (const [name, { method = 'POST', path = '/v1/jobs', code, detail, pointer, ...rest }] of Object.entries(WRONG)) {
      void t.test(`${name} is answered ${FAILURES[code].status} ${code}`, async () => {
        const { status, headers, json } = await service.request(method, path, rest)

        assert.equal(status, FAILURES[code].status, JSON.stringify(json))
        assert.match(headers.get('content-type') ?? '', /^application\/problem\+json/)
        assert.equal(headers.get('x-content-type-options'), 'nosniff')
        assert.deepEqual([json['code'], json['status'], json['title']], [code, status, FAILURES[code].title])
        assert.match(String(json['type']), /^urn:batchbox:problem:/)
        assert.match(String(json['detail']), detail)
        assert.doesNotMatch(JSON.stringify(json), /node_modules|\.ts:|\/src\//)
        if (pointer !== undefined) assert.deepEqual((json['errors'] as { pointer: string }[]).map((error) => error.pointer), [pointer])
      })
    }
  })

  await t.test('changes nothing, and the API serves on', async () => {
    assert.deepEqual(await allKeys(service.db), before)
    const { id } = await service.post({ code: CODE })
    assert.equal((await service.read(id)).status, 'queued')
  })

  await t.test('without a key meet the health endpoints and the documentation, and 401 everywhere else', async () => {
    const without = { headers: { authorization: '' } }
    const status = async (method: string, path: string) => (await service.request(method, path, without)).status

    for (const path of ['/healthz', '/readyz', '/docs', '/openapi.json']) assert.equal(await status('GET', path), 200, path)
    for (const path of ['/', '/v1/jobs', '/v1/nothing']) assert.equal(await status('GET', path), 401, path)
    for (const path of ['/v1/jobs', '/execute']) assert.equal(await status('POST', path), 401, path)
  })
})
