import { Readable } from 'node:stream'
import { Queue, type ConnectionOptions } from 'bullmq'
import { Pool } from 'undici'
import { buildRedisOptions } from '../../src/store/connection.ts'
import { NO_OP } from '../jobs.ts'
import { compareInRounds } from '../rounds.ts'
import type { Row } from '../row.ts'
import { startService } from '../service.ts'

const ROUNDS = 5
const ITEMS = 10_000
const BULK = 1000
/** As many items as a chunk of a stream holds, as a client would write them. */
const LINES_AT_ONCE = 500

/** What it costs to post one item of many, against adding as many to a bare queue in bulk. */
export const batch: Row = {
  id: 'l',
  title: 'POST /v1/batches, per item ÷ BullMQ addBulk, per job',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    // Only the way in is measured: the worker stands still meanwhile.
    process.kill(service.pids.worker, 'SIGSTOP')
    closing.defer(() => { process.kill(service.pids.worker, 'SIGCONT') })
    const pool = new Pool(service.url, { connections: 1 })
    closing.defer(() => pool.close())
    const connection = buildRedisOptions({ url: service.redisUrl, failFast: false }) as ConnectionOptions // the same options, typed without exact optional members
    const queue = new Queue('bench-bulk', { connection })
    closing.defer(() => queue.close())

    const post = async (type: string, body: string | Readable) => {
      const started = performance.now()
      const answer = await pool.request({ path: '/v1/batches', method: 'POST', headers: { 'authorization': `Bearer ${service.key}`, 'content-type': type }, body })
      const { counts } = await answer.body.json() as { counts: { queued: number } } // what such an answer has
      if (counts.queued !== ITEMS) throw new Error(`Cannot use measurement: ${counts.queued} of ${ITEMS} items were accepted`)
      return ITEMS / ((performance.now() - started) / 1000)
    }
    const whole = JSON.stringify({ job: { code: NO_OP }, inputs: Array.from({ length: ITEMS }, (_, index) => index) })
    const postWhole = () => post('application/json', whole)
    const postLines = () => post('application/x-ndjson', Readable.from(writeLines()))
    const addBulk = async () => {
      const started = performance.now()
      for (let added = 0; added < ITEMS; added += BULK) {
        await queue.addBulk(Array.from({ length: BULK }, (_, index) => ({ name: 'no-op', data: { value: added + index } })))
      }
      return ITEMS / ((performance.now() - started) / 1000)
    }
    for (const each of [postWhole, postLines, addBulk]) await each()
    const asJson = await compareInRounds(ROUNDS, postWhole, addBulk)
    const asLines = await compareInRounds(ROUNDS, postLines, addBulk)

    return [
      { name: 'items as JSON ÷ addBulk', value: asJson.ratio, unit: 'ratio', target: { type: 'at least', value: 0.5 } },
      { name: 'items as lines ÷ addBulk', value: asLines.ratio, unit: 'ratio', target: { type: 'at least', value: 0.5 } },
      { name: 'items as JSON', value: asJson.subject, unit: 'per second' },
      { name: 'items as lines', value: asLines.subject, unit: 'per second' },
      { name: `jobs by addBulk(${BULK})`, value: asJson.baseline, unit: 'per second' },
    ]
  },
}

function * writeLines (): Generator<string> {
  yield `${JSON.stringify({ job: { code: NO_OP }, total: ITEMS })}\n`
  for (let from = 0; from < ITEMS; from += LINES_AT_ONCE) yield Array.from({ length: LINES_AT_ONCE }, (_, index) => `${from + index}\n`).join('')
}
