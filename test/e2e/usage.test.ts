import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

interface Event { sequence: number, type: string, payload: Record<string, unknown> & { error?: { code: string } } }

test('live use', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_USAGE_EVERY_MS: '200', BATCHBOX_WARN_SHARE: '0.8' } })

  async function post (code: string, more: object = {}): Promise<string> {
    const { json } = await service.request('POST', '/v1/jobs', { body: { code, ...more } })
    return String(json['id'])
  }

  /** Reads all events of a job as they come, by long polls, until it has ended. */
  async function follow (id: string): Promise<Event[]> {
    const events: Event[] = []
    for (let cursor: string | null = '0'; cursor !== null;) {
      const { json } = await service.request('GET', `/v1/jobs/${id}/events?after=${cursor}&wait=10`)
      events.push(...json['data'] as Event[])
      cursor = json['nextCursor'] as string | null
    }
    return events
  }

  await t.test('followers of an endless loop all see its processor time grow, the warning, and the limit', async () => {
    const id = await post('export default () => { for (;;) {} }', { limits: { cpuMs: 1500 } })

    const [events = [], ...others] = await Promise.all([follow(id), follow(id), follow(id)])

    for (const other of others) assert.deepEqual(other, events)
    const cpu = events.filter(({ type }) => type === 'job.usage').map(({ payload }) => Number(payload['cpuMs']))
    assert.ok(cpu.length >= 3 && cpu.every((ms, index) => ms >= (cpu[index - 1] ?? 0)) && (cpu.at(-1) ?? 0) > (cpu[0] ?? 0), `${cpu}`)
    const warnings = events.filter(({ type }) => type === 'job.warning').map(({ payload }) => payload)
    assert.deepEqual(warnings.map(({ limit, configured, share }) => [limit, configured, share]), [['cpuMs', 1500, 0.8]])
    assert.equal(events.at(-1)?.payload.error?.code, 'CPU_LIMIT')
  })

  await t.test('a job that holds most of its memory is warned before it asks for more than there is', async () => {
    const code = `export default async () => {
      const go = new Promise((resolve) => channel.on('go', resolve))
      const kept = []
      const keep = () => kept.push(new Array(131_072).fill(kept.length))
      while (kept.length < 110) keep()
      await go
      for (;;) keep()
    }`
    const id = await post(code, { tools: ['channel'] })
    const warnings = async () => (await service.request('GET', `/v1/jobs/${id}/events?limit=1000`)).json['data'] as Event[]
    await until('it is warned', async () => (await warnings()).some(({ type, payload }) => type === 'job.warning' && payload['limit'] === 'memoryMb'))
    const readUsage = async () => (await service.request('GET', `/v1/jobs/${id}`)).json['usage'] as { peakMemoryBytes: number } | null
    await until('the job tells of it', async () => ((await readUsage())?.peakMemoryBytes ?? 0) > 50_000_000)

    await service.run({ code: 'export default () => channel.emit("go", 1)', tools: ['channel'] })
    const last = (await follow(id)).at(-1)

    assert.equal(last?.payload.error?.code, 'MEMORY_LIMIT')
  })

  await t.test('a job that waits takes no processor time, and a short one has no such events', async () => {
    const [waiting, short] = await Promise.all([
      post('export default () => new Promise((resolve) => setTimeout(resolve, 700))').then(follow),
      post('export default () => 1').then(follow),
    ])

    const cpu = waiting.filter(({ type }) => type === 'job.usage').map(({ payload }) => payload['cpuMs'])
    assert.ok(cpu.length > 0 && cpu.every((ms) => Number(ms) < 100), `${cpu}`)
    assert.deepEqual(short.map(({ type }) => type), ['job.queued', 'job.started', 'job.succeeded'])
  })
})
