import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { createGunzip } from 'node:zlib'
import { request } from 'undici'
import { writeNdjson } from '../../bench/records/orders.ts'
import type { JobView } from '../../src/core/job.ts'
import { isTerminal } from '../../src/core/status.ts'
import { buildClient, type Client } from '../helpers/client.ts'
import type { Scope } from '../helpers/scope.ts'
import { breakThings, type Breakage } from './run-chaos.ts'
import { computeChecksums, makeTransforms, type ChaosTransform, type Checksum } from './transforms.ts'
import { startWorld, type World } from './world.ts'

export interface TransformChaosOptions extends Breakage {
  records: number
  workers: number
}

/** What came of one of them, every time, in so many runs. */
export interface SurvivedTransform extends Checksum {
  name: string
  times: number
  runs: number
}

/** What `GET /v1/jobs/{id}` answers of a transform, as far as it is read here. */
interface TransformResult {
  records: { read: number, written: number, rejected: number }
  files: { id: string, name: string, bytes: number }[]
}

const AGAIN_MS = 200
const FOLLOW_MS = 250
/** The code rests so long in all, so that few records take long enough to be broken, too. */
const REST_MS = 4000
/** Longest without anything that went on. */
const STALLED_MS = 180_000
/** Faults are no fault of the code: none may die of them. */
const RETRY = { maxCrashes: 20, maxLost: 100 }
const LIMITS = { timeoutMs: 14_400_000, cpuMs: 14_400_000, toolCalls: 100_000 }
/** Without the loss of a primary: files are no more durable than their records. */
const FAULTS = [
  'a worker is killed', 'the runners of a worker are killed', 'every connection to Redis is cut', 'a worker stands still for longer than its locks',
  'a worker is killed', 'the runners of a worker are killed', 'nothing comes through to Redis', 'a worker is stopped gracefully',
]

/**
 * Transforms the same file in every shape that code may have, all at once and again and again, while things break. Every output is, byte for byte, that of the same
 * code without the service: each record is there once, and in its place. Throws where that is not so.
 */
export async function runTransforms (scope: Scope, { records, workers, ...breakage }: TransformChaosOptions): Promise<SurvivedTransform[]> {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-chaos-records-'))
  scope.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'orders.ndjson')
  await writeNdjson(file, breakage.seed, { records })
  const transforms = makeTransforms({ records, restMs: REST_MS })
  const expected = await computeChecksums(file, transforms)
  const world = await startWorld(scope, workers, { BATCHBOX_FILES: join(folder, 'files') })
  const client = buildClient(world.url, world.key)
  await upload(world, file)

  const survived: SurvivedTransform[] = transforms.map(({ name }, index) => ({ name, times: 0, runs: 0, ...expected[index] ?? assert.fail(name) }))
  const shares = transforms.map(() => 0)
  let faultsLeft = breakage.faults
  /** Again and again, so that no fault meets a service without work. */
  const play = async (transform: ChaosTransform, index: number) => {
    const one = survived[index] ?? assert.fail(transform.name)
    do {
      const job = await follow(client, transform, { key: `${index}-${one.times}`, onShare: (share) => { shares[index] = one.times + share } })
      assert.deepEqual(await check(world, client, job, { name: transform.name, records }), expected[index], `${transform.name}: what was written is not what it is without faults`)
      await ask(client, 'DELETE', `/v1/jobs/${job.id}`)
      one.times += 1
      one.runs += job.attempts.flatMap(({ runs }) => runs).length
    } while (faultsLeft > 0)
  }
  const load = Promise.all(transforms.map(play))
  await Promise.all([load, breakThings(world, {
    ...breakage, names: FAULTS, load, total: records * transforms.length,
    ended: () => Math.floor(shares.reduce((sum, share) => sum + share, 0) * records), onDone: () => { faultsLeft -= 1 },
  })])
  return survived
}

async function upload ({ url, key }: World, file: string): Promise<void> {
  const { statusCode, body } = await request(new URL('/v1/files/orders.ndjson', url), { method: 'PUT', body: createReadStream(file), headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/x-ndjson' } })
  assert.ok(statusCode < 300, `${statusCode} ${await body.text()}`)
}

/** Posts a transform and reads it until it ends; tells what share of it is done. */
async function follow (client: Client, { name, code, settings }: ChaosTransform, { key, onShare }: { key: string, onShare (share: number): void }): Promise<JobView> {
  const headers = { 'idempotency-key': key }
  let job = await ask(client, 'POST', '/v1/jobs', { headers, body: { code, input: { $file: 'orders.ndjson' }, transform: settings, retry: RETRY, limits: LIMITS } })
  let last = { text: '', at: Date.now() }
  while (!isTerminal(job.status)) {
    await wait(FOLLOW_MS)
    job = await ask(client, 'GET', `/v1/jobs/${job.id}`)
    onShare(job.progress?.value ?? 0)
    const text = JSON.stringify([job.progress, job.attempts])
    if (text !== last.text) last = { text, at: Date.now() }
    assert.ok(Date.now() - last.at < STALLED_MS, `${name}: nothing went on for ${STALLED_MS} ms: ${JSON.stringify(job)}`)
  }
  assert.equal(job.status, 'succeeded', `${name}: ${JSON.stringify(job)}`)
  return job
}

/** Reads what a transform wrote. */
async function check ({ url, key }: World, client: Client, { id, result }: JobView, { name, records }: { name: string, records: number }): Promise<Checksum> {
  const { records: counts, files } = (result ?? (await ask(client, 'GET', `/v1/jobs/${id}/result`))) as unknown as TransformResult // of a transform
  assert.equal(counts.read, records, `${name}: ${JSON.stringify(counts)}`)
  const sums = new Map<string, { lines: number, sha256: string }>()
  for (const file of files) {
    const { statusCode, body } = await request(new URL(`/v1/files/${file.id}`, url), { headers: { authorization: `Bearer ${key}` } })
    assert.equal(statusCode, 200)
    sums.set(file.name, await hashLines(file.name.endsWith('.gz') ? body.compose(createGunzip()) : body))
  }
  const rejected = sums.get('rejects.ndjson')?.lines ?? 0
  const output = files.find((file) => file.name.startsWith('output'))
  const sum = sums.get(output?.name ?? '')
  assert.ok(sum, `${name}: there is no output in ${JSON.stringify(files)}`)
  assert.equal(counts.rejected, rejected, name)
  return { ...sum, rejected }
}

async function hashLines (stream: Readable | NodeJS.ReadableStream): Promise<{ lines: number, sha256: string }> {
  const hash = createHash('sha256')
  let lines = 0
  for await (const chunk of stream) {
    const bytes = chunk as Buffer // no encoding was set
    hash.update(bytes)
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1
  }
  return { lines, sha256: hash.digest('hex') }
}

/** Asks until there is an answer that is no outage. */
async function ask (client: Client, method: string, path: string, options: { body?: unknown, headers?: Record<string, string> } = {}): Promise<JobView> {
  for (;;) {
    const answer = await client.request(method, path, options).catch(() => undefined)
    if (answer && answer.status !== 503) {
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
      return answer.json as unknown as JobView // the service's own answer
    }
    await wait(AGAIN_MS)
  }
}
