import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { readBody, startHttp } from '../helpers/http-server.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const RATES = join(import.meta.dirname, '../../examples/custom-tool/tool.ts')

test('tools', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_TOOLS: `rates=${RATES}`, BATCHBOX_TOOL_CONFIG: '{"rates":{"perEuro":{"EUR":1,"USD":2}},"fetch":{"allowRanges":["127.0.0.1"]}}' } })

  await t.test('a job calls shipped tools and one of the operator\'s own; calls are counted and traced', async () => {
    const code = 'export default async ({ amount }) => ({ said: await echo.say("hi"), uuid: crypto.randomUUID(), dollars: await rates.convert(amount, "EUR", "USD") })'

    const job = await service.run({ code, input: { amount: 21 }, tools: ['echo', 'crypto', 'rates'] })

    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    const { said, uuid, dollars } = job.result as { said: string, uuid: string, dollars: number } // the code above
    assert.deepEqual([said, dollars], ['hi', 42])
    assert.match(uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(job.usage?.toolCalls, 3)
    const traced = async () => (await service.spans(job.id)).map(({ name }) => name).filter((name) => name.startsWith('tool ')).sort()
    await until('its trace is stored, which is after its end', async () => (await traced()).length > 0)
    assert.deepEqual(await traced(), ['tool echo.say', 'tool rates.convert'])
  })

  await t.test('an error of a tool is the attempt\'s when nobody catches it', async () => {
    const job = await service.run({ code: 'export default () => rates.convert(1, "EUR", "XXX")', tools: ['rates'] })

    assert.deepEqual([job.status, job.error?.code, job.error?.message], ['failed', 'TOOL_ERROR', 'Cannot convert EUR to XXX: known are EUR, USD'])
  })

  await t.test('what one job keeps with kv, the next one finds', async () => {
    const code = 'export default async () => { await kv.set("order", { lines: [1] }, { ttlMs: 600_000 }); return kv.increment("orders") }'

    const first = await service.run({ code, tools: ['kv'] })
    const second = await service.run({ code: 'export default async () => [await kv.get("order"), await kv.increment("orders"), await kv.list()]', tools: ['kv'] })

    assert.deepEqual([first.result, second.result], [1, [{ lines: [1] }, 2, { keys: ['order', 'orders'], cursor: null }]], JSON.stringify(second.error))
  })

  await t.test('a job fetches from the host that it was granted, and its receipt says what it took', async (t) => {
    const { origin, port } = await startHttp(t, async (request, response) => response.end(await readBody(request)))
    const code = 'export default async (url) => { const { status } = await fetch("http://127.0.0.2/").catch(({ code }) => ({ status: code })); return [status, await (await fetch(url, { method: "POST", body: "hello" })).text()] }'

    const job = await service.run({ code, tools: ['fetch'], permissions: { net: [`127.0.0.1:${port}`] }, input: origin })

    assert.deepEqual(job.result, ['PERMISSION_DENIED', 'hello'], JSON.stringify(job.error))
    const lines = job.attempts.at(-1)?.receipt.filter(({ grant }) => grant === 'net').map(({ target, method, denied, count, sentBytes, receivedBytes }) => [target, method, denied === null, count, sentBytes, receivedBytes])
    assert.deepEqual(lines, [['127.0.0.2:80', 'GET', false, 1, 0, 0], [`127.0.0.1:${port}`, 'POST', true, 1, 5, 5]])
  })

  for (const [what, tools, words] of [
    ['a tool that there is not', ['teleport'], 'Unknown tool "teleport"; known: '],
    ['a tool named twice', ['echo', 'echo'], 'Each tool is named once'],
  ] as const) {
    await t.test(`${what} is refused with 422, by both ways to post code`, async () => {
      for (const path of ['/v1/jobs', '/execute']) {
        const { status, json } = await service.request('POST', path, { body: { code: 'export default () => 1', tools } })

        assert.deepEqual([status, JSON.stringify(json).includes(JSON.stringify(words).slice(1, -1))], [422, true], JSON.stringify(json))
      }
    })
  }
})
