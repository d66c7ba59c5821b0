import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { readRecord } from '../../src/store/read.ts'
import { startApi } from '../helpers/api.ts'
import { beginRun, nextJob, playWorker } from '../helpers/play-worker.ts'

const CODE = 'export default (x) => x'

async function startWith (t: TestContext, members: Record<string, unknown>, env: Record<string, string> = {}) {
  const api = await startApi(t, env)
  const { token } = (await api.post('/v1/keys', { tenant: 'acme', name: 'bounded', scopes: ['jobs:write', 'jobs:read'], ...members })).json()
  const headers = { authorization: `Bearer ${String(token)}` }
  return { ...api, submit: (job: Record<string, unknown> = {}) => api.post('/v1/jobs', { code: CODE, ...job }, headers), headers }
}

test('asking for more than the ceiling of the key is 422 and names it; defaults are lowered to it', async (t) => {
  const { db, submit } = await startWith(t, { ceilings: { limits: { timeoutMs: 10_000, memoryMb: 64 }, tools: ['echo'] } })

  const accepted = await submit({ tools: ['echo'], limits: { cpuMs: 20_000 } })
  const { spec } = await readRecord(db, String(accepted.json()['id'])) ?? assert.fail('it is there')
  const refused: [Record<string, unknown>, RegExp, string][] = [
    [{ limits: { timeoutMs: 30_000 } }, /limits\.timeoutMs is 30000 ms, more than the API key's ceiling \(ceilings\.limits\.timeoutMs\) of 10000 ms/, '/limits/timeoutMs'],
    [{ limits: { memoryMb: 65 } }, /ceilings\.limits\.memoryMb.* of 64 MB/, '/limits/memoryMb'],
    [{ tools: ['crypto'] }, /"crypto" is beyond the API key's ceiling \(ceilings\.tools\): echo/, '/tools/0'],
    [{ limits: { cpuMs: 10_000_000 } }, /limits\.cpuMs .* more than the maximum of 600000 ms/, '/limits/cpuMs'],
  ]

  assert.equal(accepted.statusCode, 202)
  assert.partialDeepStrictEqual(spec, { tools: ['echo'], limits: { timeoutMs: 10_000, memoryMb: 64, cpuMs: 20_000, logLines: 1000 } })
  for (const [job, detail, pointer] of refused) {
    const response = await submit(job)
    assert.equal(response.statusCode, 422)
    assert.match(String(response.json()['detail']), detail)
    assert.partialDeepStrictEqual(response.json(), { code: 'INVALID', errors: [{ pointer }] })
  }
})

test('permissions are held to the ceiling of the key, and to what is ever granted', async (t) => {
  const { submit, post, headers } = await startWith(t, { ceilings: { permissions: { net: ['*.example.com'], env: ['REGION'] } } })
  const refused: [permissions: unknown, detail: RegExp, pointer: string][] = [
    [{ net: ['example.org'] }, /net: "example\.org" is beyond the API key's ceiling \(ceilings\.permissions\)/, '/permissions'],
    [{ net: true }, /net: true is beyond/, '/permissions'],
    [{ env: ['REGION', 'TOKEN'] }, /env: "TOKEN" is beyond/, '/permissions'],
    [{ hrtime: true }, /hrtime: true is beyond/, '/permissions'],
    [{ net: ['10.0.0.0/8'] }, /"10\.0\.0\.0\/8" is no host.*ranges of addresses are for the operator/, '/permissions/net/0'],
    [{ run: true }, /never granted: code has no processes to start/, '/permissions/run'],
    [{ net: 'inherit' }, /A job inherits nothing/, '/permissions/net'],
    ['inherit', /A job inherits nothing/, '/permissions'],
    [{ nett: [] }, /Unknown member/, '/permissions/nett'],
  ]

  assert.equal((await submit({ permissions: { net: ['https://api.example.com/v1'], env: ['REGION'] } })).statusCode, 202)
  for (const [permissions, detail, pointer] of refused) {
    for (const response of [await submit({ permissions }), await post('/execute', { code: CODE, permissions }, headers)]) {
      assert.equal(response.statusCode, 422)
      assert.match(String(response.json()['detail']), detail)
      assert.partialDeepStrictEqual(response.json(), { code: 'INVALID', errors: [{ pointer }] })
    }
  }
})

test('a key makes no key that may touch more than itself', async (t) => {
  const { post } = await startApi(t)
  const make = async (permissions: unknown, headers?: Record<string, string>) => await post('/v1/keys', { tenant: 'acme', name: 'k', scopes: ['admin'], ceilings: { permissions } }, headers)
  const maker = { authorization: `Bearer ${String((await make({ net: ['*.example.com'] })).json()['token'])}` }

  const asked = [await make({ net: ['api.example.com'] }, maker), await make(null, maker), await make({ net: true }, maker), await make({ net: ['example.org'] }, maker)]

  assert.deepEqual(asked.map(({ statusCode }) => statusCode), [201, 201, 403, 403])
  assert.partialDeepStrictEqual(asked[1]?.json(), { ceilings: { permissions: { net: ['*.example.com'] } } }) // what is not said is as the maker has it
  assert.match(String(asked[3]?.json()['detail']), /ceilings\.permissions has net: "example\.org"/)
})

test('POST /execute is held to the ceilings of the key, too', async (t) => {
  const { db, post, headers } = await startWith(t, { ceilings: { limits: { timeoutMs: 2000, cpuMs: 500 }, tools: [] } })

  const answer = post('/execute', { code: CODE }, headers)
  const id = await nextJob(db, 'acme')
  const { spec } = await readRecord(db, id) ?? assert.fail('it is there')
  await playWorker(db, id)

  assert.equal((await answer).statusCode, 200)
  assert.partialDeepStrictEqual(spec.limits, { timeoutMs: 2000, cpuMs: 500 })
  const refused = [await post('/execute', { code: CODE, timeout: 2001 }, headers), await post('/execute', { code: CODE, tools: ['echo'] }, headers)]
  for (const response of refused) assert.match(String(response.json()['detail']), /API key's ceiling/)
})

test('what is not a request at all is refused to a bounded key as to any other', async (t) => {
  const { post, send, headers } = await startWith(t, { ceilings: { limits: { timeoutMs: 10_000 } } })

  const codeBase64 = Buffer.from(CODE).toString('base64')
  assert.equal((await send({ method: 'POST', url: '/v1/jobs', headers: { ...headers, 'content-type': 'application/json' }, payload: '' })).statusCode, 400)
  for (const body of [[], {}, { code: CODE, codeBase64 }, { code: CODE, extra: 1 }]) assert.equal((await post('/v1/jobs', body, headers)).statusCode, 422)
  assert.equal((await post('/v1/jobs', { codeBase64, ttlMs: 5000, retry: { attempts: 2 } }, headers)).statusCode, 202)
})

test('no more jobs wait than the key allows, delayed ones counted, however many are posted at once', async (t) => {
  const { db, submit, headers, post } = await startWith(t, { bounds: { jobsWaiting: 5 } })

  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => submit({ delayMs: index % 2 ? 60_000 : 0 })))
  const refused = answers.find(({ statusCode }) => statusCode === 429)
  const accepted = answers.filter(({ statusCode }) => statusCode === 202)

  assert.equal(accepted.length, 5)
  assert.equal(await db.redis.zcard(db.keys.jobs('acme')), 5)
  assert.partialDeepStrictEqual(refused?.json(), { code: 'RATE_LIMITED', status: 429 })
  assert.match(String(refused?.json()['detail']), /5 jobs of the tenant wait.*bounds\.jobsWaiting, is 5/)
  assert.ok(refused?.headers['retry-after'])
  const queued = accepted.find((answer) => answer.json()['status'] === 'queued')?.json()['id']
  await beginRun(db, String(queued))
  assert.equal((await submit()).statusCode, 202, 'one that runs waits no more')
  assert.equal((await post('/v1/jobs', { code: CODE })).statusCode, 202, 'another tenant has its own')
  assert.equal((await post('/execute', { code: CODE }, headers)).statusCode, 429)
})

test('a repeat is answered with its first job although no more may wait', async (t) => {
  const { submit, post, headers } = await startWith(t, { bounds: { jobsWaiting: 1 } })
  const ask = () => post('/v1/jobs', { code: CODE }, { ...headers, 'idempotency-key': 'k' })

  const [first, other, again] = [await ask(), await submit(), await ask()]

  assert.deepEqual([first.statusCode, other.statusCode, again.statusCode], [202, 429, 202])
  assert.equal(again.json()['id'], first.json()['id'])
})

test('the operator bounds what may wait of every tenant', async (t) => {
  const { submit } = await startWith(t, { bounds: { jobsWaiting: 5 } }, { BATCHBOX_TENANT_JOBS_WAITING: '1' })

  const [first, second] = [await submit(), await submit()]

  assert.deepEqual([first.statusCode, second.statusCode], [202, 429])
  assert.match(String(second.json()['detail']), /BATCHBOX_TENANT_JOBS_WAITING, is 1/)
})

test('batches are held to the ceilings of the key, however they are posted', async (t) => {
  const { db, post, send, headers } = await startWith(t, { ceilings: { limits: { timeoutMs: 10_000 } } })
  const high = { code: CODE, limits: { timeoutMs: 10_001 } }
  const stream = (...lines: unknown[]) => send({ method: 'POST', url: '/v1/batches', headers: { ...headers, 'content-type': 'application/x-ndjson' }, payload: lines.map((line) => `${JSON.stringify(line)}\n`).join('') })
  const itemsOf = (answer: { json (): Record<string, unknown> }) => answer.json()['items'] as { outcome: string, jobId: string, error?: { message: string } }[]

  const refused = [await post('/v1/batches', { job: high, inputs: [1] }, headers), await stream({ job: high }, 1)]
  const mixed = [await post('/v1/batches', { jobs: [{ code: CODE }, high] }, headers), await stream({}, { code: CODE }, high)]
  const shared = await post('/v1/batches', { job: { code: CODE }, inputs: [1, 2] }, headers)

  for (const answer of refused) assert.deepEqual([answer.statusCode, /API key's ceiling/.test(answer.body)], [422, true], answer.body)
  for (const answer of mixed) {
    assert.deepEqual(itemsOf(answer).map(({ outcome }) => outcome), ['accepted', 'refused'])
    assert.match(itemsOf(answer)[1]?.error?.message ?? '', /API key's ceiling/)
  }
  for (const item of [...mixed.flatMap((answer) => itemsOf(answer)[0] ?? []), ...itemsOf(shared)]) {
    assert.equal((await readRecord(db, item.jobId))?.spec.limits.timeoutMs, 10_000)
  }
})

test('a batch is taken as long as no more jobs wait than may, and goes on with the same key when some have run', async (t) => {
  const { db, post, headers } = await startWith(t, { bounds: { jobsWaiting: 250 } })
  const ask = (count: number, key: string) => post('/v1/batches', { job: { code: CODE }, inputs: Array.from({ length: count }, () => 0) }, { ...headers, 'idempotency-key': key })

  const [whole, cut] = [await ask(30, 'whole'), await ask(300, 'cut')]
  const waiting = await db.redis.zcard(db.keys.jobs('acme', 'queued'))
  await post(`/v1/batches/${String(whole.json()['id'])}/cancel`, {}, headers)
  await db.redis.del(db.keys.jobs('acme', 'queued')) // as if they had run
  const rest = await ask(300, 'cut')

  assert.deepEqual([whole.statusCode, cut.statusCode, rest.statusCode], [202, 429, 202])
  assert.match(String(cut.json()['detail']), /Cannot add items to batch "bat_.*", which has 200: 230 jobs of the tenant wait.*bounds\.jobsWaiting, is 250/)
  assert.equal(waiting, 230)
  assert.equal(rest.json()['total'], 300)
})

test('a tenant that has stored as much as any may is 429, and told which bound that is', async (t) => {
  const { submit } = await startWith(t, {}, { BATCHBOX_TENANT_CODES: '1' })
  await submit()

  const refused = await submit({ code: 'export default () => "other"' })

  assert.equal(refused.statusCode, 429)
  assert.match(String(refused.json()['detail']), /1 pieces of code are stored for the tenant, and the bound of every tenant, BATCHBOX_TENANT_CODES, is 1; delete jobs/)
  assert.equal((await submit()).statusCode, 202, 'code that is there already takes no room')
})
