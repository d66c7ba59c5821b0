import { createReadStream, createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { request } from 'undici'
import type { JobView } from '../src/core/job.ts'
import { isTerminal } from '../src/core/status.ts'
import { postJob, type FollowedJob } from './followed-job.ts'
import { writeNdjson, type DataFile, type DataSize } from './records/orders.ts'
import type { Bench } from './row.ts'
import { startService, type BenchService } from './service.ts'

const SEED = 1
const WAIT_S = 60
/** What a run of the bench may take at the most; gigabytes take minutes. */
const LIMITS = { timeoutMs: 3_600_000, cpuMs: 3_600_000 }

/** What is done to the records: modules of `subjects/transforms`. */
export const SUBJECTS = ['identity', 'map', 'aggregate'] as const
export type Subject = typeof SUBJECTS[number]

/** Orders on this machine's disk. */
export interface Orders extends DataFile {
  /** As which they were uploaded. */
  name: string
  file: string
}

/** A service with a file store, and a folder for data. */
export interface TransformBench {
  service: BenchService
  /** For what baselines write. */
  folder: string
  /** Makes orders up and uploads them under that name. */
  addOrders (name: string, size: DataSize): Promise<Orders>
  /** Uploads the same orders so many times over, as one file. */
  repeatOrders (name: string, orders: Orders, times: number): Promise<Orders>
  /** Posts a transform of a file. */
  post (subject: Subject, input: string, settings?: object): Promise<FollowedJob>
  /** Transforms orders; answers the milliseconds from the request to the end. Throws an Error when it does not succeed, or reads another number of records. */
  run (subject: Subject, orders: Orders, settings?: object): Promise<number>
}

/** Where the module of a subject is. */
export function urlOf (subject: Subject): URL {
  return new URL(`subjects/transforms/${subject}.js`, import.meta.url)
}

/** Starts the service. `closing` ends it and removes the data. */
export async function startTransforms (bench: Bench, closing: AsyncDisposableStack): Promise<TransformBench> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-bench-records-'))
  closing.defer(() => rmSync(folder, { recursive: true, force: true }))
  const service = await startService(bench, closing, { BATCHBOX_FILES: join(folder, 'files') })
  const headers = { authorization: `Bearer ${service.key}` }

  async function upload (file: string, name: string): Promise<void> {
    const answer = await request(new URL(`/v1/files/${name}`, service.url), { method: 'PUT', body: createReadStream(file), headers: { ...headers, 'content-type': 'application/x-ndjson' } })
    if (answer.statusCode >= 300) throw new Error(`Cannot upload: the answer was ${answer.statusCode} ${await answer.body.text()}`)
    await answer.body.dump()
  }

  async function waitForEnd (id: string): Promise<JobView> {
    for (;;) {
      const { body } = await request(new URL(`/v1/jobs/${id}?wait=${WAIT_S}`, service.url), { headers })
      const job = await body.json() as JobView // the service's own answer
      if (isTerminal(job.status)) return job
    }
  }

  const post: TransformBench['post'] = (subject, input, settings = {}) => postJob(service, { code: readFileSync(urlOf(subject), 'utf8'), input: { $file: input }, transform: settings, limits: LIMITS })
  return {
    service,
    folder,
    async addOrders (name, size) {
      const file = join(folder, name)
      const written = await writeNdjson(file, SEED, size)
      await upload(file, name)
      return { name, file, ...written }
    },
    async repeatOrders (name, orders, times) {
      const file = join(folder, name)
      for (let done = 0; done < times; done++) await pipeline(createReadStream(orders.file), createWriteStream(file, { flags: 'a' }))
      await upload(file, name)
      return { name, file, records: orders.records * times, bytes: orders.bytes * times }
    },
    post,
    async run (subject, { name, records }, settings) {
      const started = performance.now()
      const { id } = await post(subject, name, settings)
      const { status, result, error } = await waitForEnd(id)
      const ms = performance.now() - started
      const read = (result as { records?: { read: number } } | null | undefined)?.records?.read // of a transform
      if (status !== 'succeeded' || read !== records) throw new Error(`Cannot use measurement: the transform ended as ${status} after ${read} of ${records} records: ${JSON.stringify(error)}`)
      return ms
    },
  }
}
