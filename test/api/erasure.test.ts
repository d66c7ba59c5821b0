import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { sha256 } from '../../src/core/digest.ts'
import { newId } from '../../src/core/ids.ts'
import type { Files } from '../../src/files/files.ts'
import { createDispatcher } from '../../src/queue/dispatcher.ts'
import { archive } from '../../src/store/archive.ts'
import { stepSweep } from '../../src/store/dead-letters/step.ts'
import { stepErasure } from '../../src/store/erasure/step.ts'
import { buildKv } from '../../src/store/kv/kv.ts'
import type { Db, Run } from '../../src/store/db.ts'
import { accept } from '../../src/store/moves/accept.ts'
import { begin } from '../../src/store/moves/begin.ts'
import { settle } from '../../src/store/moves/settle.ts'
import { reconcile } from '../../src/store/reconcile/reconcile.ts'
import { appendTrace } from '../../src/store/trace.ts'
import { beginTry, stepWebhooks } from '../../src/store/webhooks/tries.ts'
import { ADMIN_HEADERS, ADMIN_TENANT, startApi, type TestApi } from '../helpers/api.ts'
import { die } from '../helpers/dead-letters.ts'
import { dumpLines } from '../helpers/dump.ts'
import { playDeliveries } from '../helpers/play-webhooks.ts'
import { beginRun, playWorker } from '../helpers/play-worker.ts'
import { blobPaths, openTestFiles, putFile } from '../helpers/files.ts'
import { request, settlement } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'

const CODE = 'export default (x) => x'
const [GONE, OTHER] = ['a-tenant-that-goes', 'one-that-stays']
const ID = /(?:job|bat|key|swp|whk|fil)_[0-9a-f-]{36}|whd_[0-9a-f]{32}/g
/** What changes whoever is erased: its own record and note, a pace that ends by itself, the queue's stream that nobody reads, counts over everybody, and when the others were last dealt to. */
const OWN = new RegExp(`^(?:erasure:|erasing |audit:${ADMIN_TENANT} |queue:jobs:(?:events|meta) |totals |file-totals |retries:${OTHER} |dealing )`)

test('an erasure leaves nothing of a tenant, waits for what runs, and touches nothing of others', async (t) => {
  const api = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: `k=${'A'.repeat(43)}=` })
  const { db } = api
  const files = openTestFiles(t, db)
  const [gone, other] = [await furnish(t, api, GONE), await furnish(t, api, OTHER)]
  const [fileIds] = [await furnishFiles(files, db, gone.run), await furnishFiles(files, db, other.run)]
  gone.ids.push(...fileIds)
  const blobs = blobPaths(files.location).length
  const ids = new Set([...gone.ids, ...(await idsOf(api, GONE))])
  const isOfGone = (line: string) => line.includes(GONE) || (line.match(ID) ?? []).some((id) => ids.has(id))
  const before = await dumpLines(db)
  assert.ok(before.filter(isOfGone).length > 100)

  const ordered = await api.remove(`/v1/tenants/${GONE}`)
  await stepUntil(t, api, async () => (await readErasure(api)).running === 1)
  const whileItRuns = await readErasure(api)
  const settled = await settle(db, gone.run, settlement())
  await stepUntil(t, api, async () => (await readErasure(api)).status === 'done')

  await files.sweep('owed', 100)
  const after = await dumpLines(db)
  assert.equal(blobPaths(files.location).length, blobs / 2)
  assert.equal(ordered.statusCode, 202)
  assert.partialDeepStrictEqual(whileItRuns, { tenant: GONE, status: 'running', stage: 'jobs', running: 1, finishedAt: null })
  assert.partialDeepStrictEqual(settled, { type: 'settled', status: 'succeeded' })
  assert.deepEqual(after.filter(isOfGone), [])
  assert.deepEqual(differences(before.filter((line) => !isOfGone(line)), after), [])
  assert.partialDeepStrictEqual(await readErasure(api), { running: 0, stage: 'quiet', removed: { keys: 2, batches: 1 } })
  assert.deepEqual(((await api.get('/v1/audit')).json()['data'] as Record<string, unknown>[]).map(({ act, target, actor }) => [act, target, actor]), [['tenant.erased', `sha256:${sha256(GONE)}`, 'operator']])
  assert.equal((await api.get('/v1/jobs', gone.holder)).statusCode, 401)
  assert.equal((await api.get('/v1/jobs', other.holder)).statusCode, 200)
  const repairs = await Array.fromAsync(reconcile(db, { onError: (error) => { throw error } }))
  assert.equal(repairs.reduce((sum, count) => sum + count, 0), 0)
})

test('a tenant under erasure takes nothing, begins nothing, and may have its name again afterwards; twice is once', async (t) => {
  const api = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: `k=${'A'.repeat(43)}=` })
  const { db } = api
  const holder = await api.holder(GONE, 'admin')
  const posts = async () => (await Promise.all([
    api.post('/v1/jobs', { code: CODE }, holder),
    api.post('/v1/batches', { job: { code: CODE }, inputs: [1] }, holder),
    api.post('/v1/dead-letters/replay', { all: true }, holder),
    api.post('/v1/keys', { tenant: GONE, name: 'late', scopes: ['jobs:read'] }),
    api.send({ method: 'PUT', url: `/v1/tenants/${GONE}/bounds`, headers: { ...ADMIN_HEADERS, 'content-type': 'application/json' }, payload: JSON.stringify({ jobsWaiting: 1, jobsRunning: 1 }) }),
  ])).map((response) => [response.statusCode, response.json()['code']])
  const waiting = String((await api.post('/v1/jobs', { code: CODE }, holder)).json()['id'])

  const first = await api.remove(`/v1/tenants/${GONE}`)
  const refused = await posts()
  const begun = await begin(db, { jobId: waiting, turn: 1 }, { worker: 'w1', retentionMs: 60_000 })
  const second = await api.remove(`/v1/tenants/${GONE}`)
  await stepUntil(t, api, async () => (await readErasure(api)).stage === 'quiet', 3_600_000)
  const late = await posts()
  await db.redis.zadd(db.keys.erasing, 0, GONE)
  await stepUntil(t, api, async () => (await readErasure(api)).status === 'done')

  assert.deepEqual(refused, Array.from({ length: 5 }, () => [409, 'TENANT_ERASING']))
  assert.deepEqual(begun, { type: 'drop', reason: 'ended', deals: [] })
  assert.equal(first.json()['startedAt'], second.json()['startedAt'])
  assert.deepEqual(late.slice(0, 3), Array.from({ length: 3 }, () => [401, 'UNAUTHENTICATED']), 'its keys are revoked')
  assert.deepEqual(late.slice(3), Array.from({ length: 2 }, () => [409, 'TENANT_ERASING']))
  const anew = await api.holder(GONE, 'admin')
  const job = String((await api.post('/v1/jobs', { code: CODE }, anew)).json()['id'])
  assert.equal((await api.get(`/v1/jobs/${job}`, anew)).statusCode, 200)
  assert.equal((await api.get(`/v1/jobs/${waiting}`, anew)).statusCode, 404)
})

test('workers that make the same step at once, one that dies in the middle, and a Redis that starts again leave an erasure whole', async (t) => {
  const api = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: `k=${'A'.repeat(43)}=` })
  const { db } = api
  const gone = await furnish(t, api, GONE)
  await settle(db, gone.run, settlement())
  await api.remove(`/v1/tenants/${GONE}`)

  // Jobs are left although the walk over everything has begun, at a cursor that means nothing here.
  await stepErasure(db, 0)
  await db.redis.hset(db.keys.erasure(GONE), 'at', 'names another-server 4711 0')
  await until('it is done', async () => {
    await db.redis.zadd(db.keys.erasing, 'XX', 0, GONE)
    await Promise.all([0, 1, 2].map(async () => {
      await db.redis.zadd(db.keys.erasing, 'XX', 0, GONE)
      await stepErasure(db, 0)
    }))
    return (await readErasure(api)).status === 'done'
  })

  assert.deepEqual((await dumpLines(db)).filter((line) => line.includes(GONE) && !line.startsWith('queue:')), [])
})

test('only operators erase tenants, and not their own', async (t) => {
  const api = await startApi(t, { BATCHBOX_ENCRYPTION_KEYS: `k=${'A'.repeat(43)}=` })
  const admin = await api.holder(GONE, 'admin')

  const answers = await Promise.all([
    api.remove(`/v1/tenants/${GONE}`, admin), api.get(`/v1/tenants/${GONE}/erasure`, admin), api.remove(`/v1/tenants/${ADMIN_TENANT}`), api.get(`/v1/tenants/${OTHER}/erasure`),
  ])

  assert.deepEqual(answers.map(({ statusCode }) => statusCode), [403, 403, 403, 404])
  assert.equal((await api.get('/v1/jobs', admin)).statusCode, 200)
})

/** Lines that are in one of two dumps alone. */
function differences (before: readonly string[], after: readonly string[]): string[] {
  return [...new Set(before).symmetricDifference(new Set(after))].filter((line) => !OWN.test(line))
}

async function readErasure (api: TestApi) {
  return (await api.get(`/v1/tenants/${GONE}/erasure`)).json()
}

/** Makes steps as a worker does, until that is so. */
async function stepUntil (t: TestContext, { db }: TestApi, check: () => Promise<boolean>, quietMs = 0): Promise<void> {
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  await until('the erasure is that far', async () => {
    const erased = await stepErasure(db, quietMs)
    for (const turn of erased?.turns ?? []) await dispatcher.discard(turn)
    if (erased?.isSwept) await dispatcher.forgetEvents()
    return check()
  })
  await dispatcher.close()
}

/** Gives a tenant webhooks and deliveries in every state; of its receivers one is left alone, and one is disabled. */
async function hook ({ db }: TestApi, { tenant, post, job }: { tenant: string, post (url: string, body: unknown, headers?: object): Promise<string>, job (members: object): Promise<string> }): Promise<void> {
  const url = `https://example.com/${tenant}`
  const end = async (members = {}) => playWorker(db, await job(members))
  const failed = { outcome: 'failed', entry: { startedAt: 1, latencyMs: 1, status: 500, error: 'no', answer: '' } } as const
  const endpoints = [await post('/v1/webhooks', { url }), await post('/v1/webhooks', { url, enabled: false })]
  await end({ webhook: { url } })
  await playDeliveries(db) // succeed
  await end()
  await playDeliveries(db, failed) // are given up
  await end()
  await playDeliveries(db, { ...failed, delayMs: 3_600_000, body: Buffer.from('body') }) // wait for their next tries
  await end({ webhook: { url: `https://${tenant}.example.com` } })
  await playDeliveries(db, { ...failed, delayMs: 3_600_000 }, { failures: 1, openMs: 3_600_000, openMaxMs: 3_600_000 })
  for (const id of endpoints) await post(`/v1/webhooks/${id}/test`, {}, { prefer: 'wait=0' })
  for (const ref of (await stepWebhooks(db, 1)).deals) await beginTry(db, ref, { leaseMs: 60_000 })
  await end({ webhook: { url: 'https://example.org' } })
}

/** Ids in every key that is named after a tenant. */
async function idsOf ({ db }: TestApi, tenant: string): Promise<string[]> {
  return (await dumpLines(db)).filter((line) => line.includes(tenant)).flatMap((line) => line.match(ID) ?? [])
}

/** Gives a tenant files in every state: its own, one that was replaced and is held, an upload under way, and the output of a job that runs. */
async function furnishFiles (files: Files, db: Db, run: Run): Promise<string[]> {
  const { tenant } = run
  const former = await putFile(files, 'name', `of ${tenant}`, { tenant })
  await accept(db, { id: newId('job'), tenant, request: request({ input: { $file: former.id } }), traceparent: null })
  const own = await putFile(files, 'name', `newer of ${tenant}`, { tenant })
  const upload = await files.upload(tenant, 'upload', { type: null, encoding: null })
  await upload.write(Buffer.from('begun'))
  await upload.leave()
  const output = await files.output(run, { name: 'output', type: null, encoding: null })
  await output.write(Buffer.from('out'))
  await files.commit(run, [await output.sync()])
  await output.close()
  return [former.id, own.id, upload.id, output.id]
}

/** Gives a tenant something of everything; answers its holder, its run, and every id it was told. */
async function furnish (t: TestContext, api: TestApi, tenant: string) {
  const { db } = api
  const dispatcher = createDispatcher(db, { onError: (error) => t.diagnostic(error.message) })
  const holder = await api.holder(tenant, 'admin')
  const ids: string[] = []
  const post = async (url: string, body: unknown, headers = {}) => {
    const response = await api.post(url, body, { ...holder, ...headers })
    assert.ok(response.statusCode < 300, response.body)
    ids.push(...response.body.match(ID) ?? [])
    return String(response.json()['id'])
  }
  const job = (members = {}, headers = {}) => post('/v1/jobs', { code: CODE, ...members }, headers)

  assert.equal((await api.get('/v1/events?tag=a:b', holder)).statusCode, 200)
  const [ended, folded, deleted, dead, retried, running] = [await job({ input: 'x'.repeat(20_000), tags: { a: 'b' } }, { 'idempotency-key': 'once' }), await job(), await job(), await job(), await job(), await job()]
  await playWorker(db, ended, { result: JSON.stringify('y'.repeat(20_000)) })
  await playWorker(db, folded)
  await archive(db, folded)
  await playWorker(db, deleted)
  await die(db, dead)
  await appendTrace(db, ended, { resourceSpans: [] }, { maxBytes: 10_000, ttlMs: 60_000 })
  assert.equal((await api.remove(`/v1/jobs/${deleted}`, holder)).statusCode, 204)
  const again = await beginRun(db, retried)
  await settle(db, again, settlement({ next: { attempt: 2, delayMs: 60_000 }, retryEveryMs: 1000 }))
  await post('/v1/dead-letters/replay', { all: true })
  await stepSweep(db, { perSecond: 1, inFlight: 1 })
  await post('/v1/batches', { job: { code: `${CODE} // of a batch` }, inputs: [1, 2, 3] }, { 'idempotency-key': 'batch' })
  await hook(api, { tenant, post, job })
  const run = await beginRun(db, running)
  await buildKv(db, db).set(run, { key: `of ${tenant}`, value: '1', ttlMs: 60_000, maxEntries: 1, maxBytes: 100 })
  assert.equal((await api.send({ method: 'PUT', url: '/v1/secrets/TOKEN', headers: { ...holder, 'content-type': 'application/json' }, payload: JSON.stringify({ value: `of ${tenant}` }) })).statusCode, 200)
  assert.equal((await api.send({ method: 'PUT', url: '/v1/functions/f', headers: { ...holder, 'content-type': 'application/json' }, payload: JSON.stringify({ code: `${CODE} // of ${tenant}` }) })).statusCode, 200)
  await job({ delayMs: 3_600_000 })
  await job({ priority: 'low' })
  await api.post(`/v1/jobs/${await job()}/cancel`, {}, holder)
  await api.send({ method: 'PUT', url: `/v1/tenants/${tenant}/bounds`, headers: { ...ADMIN_HEADERS, 'content-type': 'application/json' }, payload: JSON.stringify({ jobsWaiting: 100, jobsRunning: 3 }) })
  await post('/v1/keys', { name: 'reader', scopes: ['jobs:read'] })
  await db.redis.set(db.keys.token(sha256(`former-${tenant}`)), JSON.stringify({ v: 1, id: newId('key'), tenant, scopes: ['jobs:write'], expiresAt: null, createdAt: 1 }))
  // Workers took the messages of what they ran.
  for (const jobId of [ended, folded, deleted, dead, retried, running]) await dispatcher.discard({ jobId, turn: 1 })
  await dispatcher.close()
  return { holder, run, ids }
}
