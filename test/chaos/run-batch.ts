import assert from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'
import type { BatchView } from '../../src/core/batch.ts'
import { buildClient, type Answer, type Client } from '../helpers/client.ts'
import type { Scope } from '../helpers/scope.ts'
import { breakThings, type Breakage } from './run-chaos.ts'
import { startWorld } from './world.ts'

export interface BatchChaosOptions extends Breakage {
  items: number
  workers: number
}

interface Line {
  index: number
  jobId: string
  status: string
  result?: unknown
  error?: { code: string }
}

const AGAIN_MS = 200
/** Longest without an item that ended. */
const STALLED_MS = 180_000
/** One item in so many throws. */
const FAILING = 97
const CODE = `export default (n) => { if (n % ${FAILING} === 0) throw new Error("as it should"); return n * 2 }`
/** Faults are no fault of the items': none may die of them. */
const RETRY = { maxCrashes: 20, maxLost: 100 }

/**
 * Posts one batch as a client that never gives up and follows it to its end, while things break. Every item is there once, with its own result, and the batch
 * ended once: it throws where that is not so. Answers how often the items had to be sent, and the figures of the end.
 */
export async function runBatch (scope: Scope, { items, workers, ...breakage }: BatchChaosOptions): Promise<{ posts: number, batch: BatchView }> {
  const world = await startWorld(scope, workers)
  const client = buildClient(world.url, world.key)
  let batch: BatchView | undefined
  let posts = 0
  const play = async () => {
    const lines = [JSON.stringify({ job: { code: CODE, retry: RETRY }, total: items }), ...Array.from({ length: items }, (_, index) => String(index))]
    const posted = await ask(client, 'POST', '/v1/batches', { body: lines.join('\n'), headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': 'batch' } }, () => { posts += 1 })
    batch = posted.json as unknown as BatchView // the service's own answer
    let last = { ended: -1, at: Date.now() }
    while (batch.finishedAt === null) {
      batch = (await ask(client, 'GET', `/v1/batches/${batch.id}?wait=1`)).json as unknown as BatchView // as above
      if (endedOf(batch) > last.ended) last = { ended: endedOf(batch), at: Date.now() }
      assert.ok(Date.now() - last.at < STALLED_MS, `no item ended for ${STALLED_MS} ms: ${JSON.stringify(batch)}`)
    }
  }
  const load = play()
  await Promise.all([load, breakThings(world, { ...breakage, load, total: items, ended: () => batch ? endedOf(batch) : 0 })])

  assert.ok(batch)
  const failing = Math.ceil(items / FAILING)
  const { id, total, counts, status } = (await ask(client, 'GET', `/v1/batches/${batch.id}`)).json as unknown as BatchView // as above
  assert.deepEqual([status, total, counts.failed, counts.succeeded], ['completed', items, failing, items - failing], JSON.stringify(counts))
  await checkResults(client, id, items)
  const events = (await ask(client, 'GET', `/v1/batches/${id}/events?limit=1000`)).json['data'] as { type: string }[] // as above
  assert.equal(events.filter(({ type }) => type === 'batch.completed').length, 1)
  return { posts, batch }
}

async function checkResults (client: Client, id: string, items: number): Promise<void> {
  const { text } = await ask(client, 'GET', `/v1/batches/${id}/results`)
  const lines = text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Line) // as above
  assert.equal(lines.length, items)
  assert.equal(new Set(lines.map(({ jobId }) => jobId)).size, items, 'every item is a job of its own')
  for (const [index, line] of lines.entries()) {
    const expected = index % FAILING === 0 ? [index, 'failed', 'USER_ERROR'] : [index, 'succeeded', index * 2]
    assert.deepEqual([line.index, line.status, line.error?.code ?? line.result], expected, JSON.stringify(line))
  }
}

function endedOf ({ counts }: BatchView): number {
  return counts.succeeded + counts.failed + counts.dead + counts.cancelled + counts.expired
}

/** Asks until there is an answer that is no outage. */
async function ask (client: Client, method: string, path: string, options: { body?: unknown, headers?: Record<string, string> } = {}, onTry?: () => void): Promise<Answer> {
  for (;;) {
    onTry?.()
    const answer = await client.request(method, path, options).catch(() => undefined)
    if (answer && answer.status !== 503) {
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
      return answer
    }
    await wait(AGAIN_MS)
  }
}
