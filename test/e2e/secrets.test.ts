import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { dumpLines } from '../helpers/dump.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const VALUE = 'hunter2-is-my-"password"'
const [OLD, NEW] = [`old=${randomBytes(32).toString('base64')}`, `new=${randomBytes(32).toString('base64')}`]

test('secrets', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_ENCRYPTION_KEYS: `${OLD},${NEW}` } })
  const put = (name: string, value: string, client: Pick<typeof service, 'request'> = service) => client.request('PUT', `/v1/secrets/${name}`, { body: { value } })
  const job = (body: string, name = 'TOKEN') => ({ code: `export default async (input, context) => { const value = await secrets.get("${name}"); ${body} }`, tools: ['secrets'], secrets: [name], limits: { timeoutMs: 10_000 } })

  await t.test('a job uses a secret, and Redis has its value nowhere, encoded or not', async () => {
    const stored = await put('TOKEN', VALUE)
    const used = await service.run(job('return value.length'))
    const leaked = await service.run(job('console.log(value, [value], encodeURIComponent(value)); context.progress(0.5, value); return { value, [value]: JSON.stringify([value]) }'))
    const failed = await service.run({ ...job('throw Object.assign(new TypeError(value), { stack: value })'), retry: { attempts: 1 } })

    assert.equal(stored.status, 200, stored.text)
    assert.equal(used.result, VALUE.length, JSON.stringify(used.error))
    assert.deepEqual(leaked.result, { 'value': '[secret TOKEN]', '[secret TOKEN]': '["[secret TOKEN]"]' })
    assert.deepEqual([failed.error?.name, failed.error?.message], ['TypeError', '[secret TOKEN]'])
    assert.partialDeepStrictEqual(used.attempts[0]?.receipt, [{ grant: 'secret', target: 'TOKEN', denied: null, count: 1 }])
    const { text } = await service.request('GET', `/v1/jobs/${leaked.id}/logs`)
    assert.match(text, /\[secret TOKEN\] \[ '\[secret TOKEN\]' \] \[secret TOKEN\]/)
    await until('its trace is stored', async () => (await service.spans(leaked.id)).length > 0)
    const answers = await Promise.all([leaked, failed].flatMap(({ id }) => ['', '/events', '/logs', '/trace', '/result'].map(async (path) => (await service.request('GET', `/v1/jobs/${id}${path}`)).text)))
    const lines = [...service.api.lines, ...service.worker.lines].map((line) => JSON.stringify(line))
    const all = [...answers, ...lines, ...await dumpLines(service.db)]
    assert.deepEqual(all.filter((each) => ['hunter2', Buffer.from('hunter2').toString('base64').slice(0, 8)].some((form) => each.includes(form))), [])
  })

  await t.test('POST /execute gets secrets, too; one that the job does not name is denied', async () => {
    const { json } = await service.request('POST', '/execute', { body: { code: 'export default async () => [(await secrets.get("TOKEN")).length, await secrets.get("OTHER").catch((error) => error.code)]', tools: ['secrets'], secrets: ['TOKEN'] } })

    assert.deepEqual(json['result'], [VALUE.length, 'PERMISSION_DENIED'], JSON.stringify(json))
  })

  await t.test('keys are changed while secrets are used; a worker that has not the key of a job leaves it to one that has, and says so', async () => {
    await service.worker.stop()
    const between = await service.startWorker({ BATCHBOX_ENCRYPTION_KEYS: `${NEW},${OLD}` })
    const during = await service.run(job('return value.length'))
    await between.stop()
    const without = await service.startWorker({ BATCHBOX_ENCRYPTION_KEYS: NEW })
    const { id } = await service.post(job('return value.length'))
    await until('the worker has looked at it', () => without.lines.some(({ msg, jobId }) => jobId === id && /encrypted with a key that is not in BATCHBOX_ENCRYPTION_KEYS/.test(String(msg))))
    const waiting = await service.read(id)
    await without.stop()
    await service.startWorker({ BATCHBOX_ENCRYPTION_KEYS: `${NEW},${OLD}` })
    await service.db.redis.zadd(service.db.keys.scheduled, 'XX', 0, `${id} 1`)
    const after = await service.end(id)

    assert.equal(during.result, VALUE.length, JSON.stringify(during.error))
    assert.deepEqual([waiting.status, after.result], ['queued', VALUE.length])
  })
})
