import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { dumpLines } from '../helpers/dump.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const MARK = 'marker-of-a-user'
const KEYS = `k=${randomBytes(32).toString('base64')}`
/** What a user's text might be found as. */
const FORMS = [MARK, Buffer.from(MARK).toString('hex'), ...[0, 1, 2].map((shift) => Buffer.from(' '.repeat(shift) + MARK).toString('base64').slice(shift + 1, -4))]
/** How a compressed value begins. Source: RFC 8878. */
const ZSTD = Buffer.of(0x28, 0xb5, 0x2f, 0xfd).toString('latin1')

const CODE = `// ${MARK}
export default async (input, context) => {
  console.log('${MARK}', input)
  context.progress(0.5, '${MARK}')
  await context.checkpoint.save({ state: '${MARK}' })
  await kv.set('entry', '${MARK}')
  if (input.fail) throw new Error('${MARK}')
  if (input.hold) await new Promise((resolve) => setTimeout(resolve, 60_000))
  return { text: '${MARK}', entry: await kv.get('entry') }
}`

test('with a key, nothing that users wrote is found in Redis, the queue included, whatever jobs do; and all of it is answered', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_ENCRYPTION_KEYS: KEYS } })
  const found = async () => (await dumpLines(service.db)).filter((line) => [...FORMS, ZSTD].some((form) => line.includes(form))).map((line) => line.slice(0, 100))
  const job = (input: object, members = {}) => ({ code: CODE, input: { text: MARK, ...input }, tools: ['kv'], tags: { customer: MARK }, toolConfig: { kv: { maxEntries: 5 } }, ...members })

  const held = await service.post(job({ hold: true }, { limits: { timeoutMs: 90_000 } }))
  await until('it waits', async () => (await service.logs(held.id)).length > 0)
  const later = await service.post(job({}, { delayMs: 600_000 }))
  const during = await found()
  const succeeded = await service.run(job({}))
  const failed = await service.run(job({ fail: true }, { retry: { attempts: 2, backoff: { type: 'fixed', delayMs: 1 }, on: ['USER_ERROR'] } }))
  const { json: replay } = await service.request('POST', `/v1/jobs/${failed.id}/replay`, { body: {} })
  await service.end(String(replay['id']))
  await until('its trace is stored', async () => (await service.spans(succeeded.id)).length > 0)
  const afterwards = await found()

  const lines = [...service.api.lines, ...service.worker.lines].map(({ msg }) => String(msg))
  assert.deepEqual([during, afterwards], [[], []])
  assert.deepEqual([succeeded.result, succeeded.tags, failed.error?.message], [{ text: MARK, entry: MARK }, { customer: MARK }, MARK])
  assert.match((await service.logs(succeeded.id)).map(({ message }) => message).join(), new RegExp(MARK))
  assert.deepEqual((await service.request('GET', `/v1/jobs/${failed.id}/checkpoint`)).json['state'], { state: MARK })
  assert.deepEqual(((await service.request('GET', `/v1/jobs?tag=customer:${MARK}`)).json['data'] as { id: string }[]).map(({ id }) => id).toSorted(), [held.id, later.id, succeeded.id, failed.id, String(replay['id'])].toSorted())
  assert.equal(lines.filter((line) => line === 'payloads are encrypted in Redis with key "k"').length, 2)
  await Promise.all([held.id, later.id].map((id) => service.request('POST', `/v1/jobs/${id}/cancel`)))
})
