import { startService } from '../service.ts'
import type { Figure, Row } from '../row.ts'
import { median } from '../statistics.ts'

const ROUNDS = 7
const BYTES_PER_MB = 1_048_576
/** Megabytes of JSON, and the longest that a job with so much may take. */
const SIZES = [[1, undefined], [10, 1500]] as const
const IDENTITY = 'export default (input) => input'

/** What it takes to bring a large value to user code and back. */
export const values: Row = {
  id: 'aa',
  title: 'JSON through input, identity and result: from the request to the last byte of the result',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing, { BATCHBOX_MAX_INPUT_BYTES: String(16 * BYTES_PER_MB), BATCHBOX_MAX_RESULT_BYTES: String(16 * BYTES_PER_MB) })
    const figures: Figure[] = []
    for (const [mb, most] of SIZES) {
      const input = buildInput(mb * BYTES_PER_MB)
      const body = JSON.stringify({ code: IDENTITY, input, limits: { resultBytes: 16 * BYTES_PER_MB, memoryMb: 512 } })
      const times: number[] = []
      for (let round = 0; round < ROUNDS; round += 1) times.push(await trip(service, body, input.length))
      bench.note(`  ${mb} MB: ${times.map((time) => Math.round(time)).join(', ')} ms`)
      figures.push({ name: `${mb} MB, p50`, value: median(times), unit: 'ms', ...(most === undefined ? {} : { target: { type: 'at most', value: most } }) })
    }
    return figures
  },
}

/** Records as they are sent, some 100 bytes each. */
function buildInput (bytes: number): object[] {
  const record = (i: number) => ({ id: i, name: `customer ${i}`, tags: ['a', 'b', null], price: i * 1.25, active: i % 2 === 0, note: 'grün' })
  return Array.from({ length: Math.ceil(bytes / JSON.stringify(record(100_000)).length) }, (_, i) => record(i))
}

/** Posts a job, waits for its end and reads its result to the last byte, as a client does that cannot keep so much in an answer. */
async function trip ({ url, key }: { url: string, key: string }, body: string, records: number): Promise<number> {
  const authorization = `Bearer ${key}`
  const started = performance.now()
  const posted = await fetch(`${url}/v1/jobs`, { method: 'POST', headers: { authorization, 'content-type': 'application/json', 'prefer': 'wait=30' }, body })
  const job = await posted.json() as { id: string, status: string }
  if (job.status !== 'succeeded') throw new Error(`Cannot use measurement: the service answered ${posted.status} ${JSON.stringify(job).slice(0, 300)}`)
  const text = await (await fetch(`${url}/v1/jobs/${job.id}/result`, { headers: { authorization } })).text()
  const tookMs = performance.now() - started
  const { length } = JSON.parse(text) as unknown[] // looked at at once
  if (length !== records) throw new Error(`Cannot use measurement: ${length} records came back of ${records}`)
  return tookMs
}
