import type { TestContext } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { EncryptionKey } from '../../src/core/encryption-keys.ts'
import { itemId, shardsId } from '../../src/core/ids.ts'
import type { FileRecord } from '../../src/store/files/file-record.ts'
import { readJob, readResult } from '../../src/store/read.ts'
import type { JobRunner } from '../../src/worker/run-job.ts'
import { putFile } from './files.ts'
import { countTo } from './records.ts'
import { acceptJob, TENANT } from './store.ts'
import { openBench } from './worker.ts'

/** Lines, each with its end. */
export const ndjson = (lines: Iterable<string>) => [...lines].map((line) => `${line}\n`).join('')
/** Adds numbers up, in each shard and then over all. */
export const SUM = `
export default { map: ({ n }) => ({ n: n * 2 }), reduce: (sum, { n }) => sum + n, initial: 0, flush: () => [] }
export const add = (sums) => sums.reduce((a, b) => a + b)
`

/** A worker with a real engine, and a file of lines. */
export async function openSplit (t: TestContext, engine: JobRunner['engine'], content: string | Buffer = ndjson(countTo(1000)), name = 'input.ndjson', keys: readonly EncryptionKey[] = []) {
  const bench = await openBench(t, { engine }, keys)
  const { db, files } = bench
  const input = await putFile(files, name, content)
  const accept = (code: string, transform: object, members: object = {}) => acceptJob(db, { code, input: { $file: input.id }, transform, ...members })
  const turnOf = async (id: string) => Number(await db.redis.hget(db.keys.job(id), 'turn') ?? 1)
  const run = async (id: string) => bench.run(id, { turn: await turnOf(id) })
  const shardsOf = async (id: string) => {
    const total = Number(await db.redis.hget(db.keys.batch(shardsId(id)), 'total') ?? 0)
    return Array.from({ length: total }, (_, index) => itemId(shardsId(id), index))
  }
  return {
    ...bench,
    content,
    accept,
    run,
    shardsOf,
    /** Works on a job until it has ended, as one worker would. */
    async finish (id: string) {
      await run(id)
      for (const shard of await shardsOf(id)) await run(shard)
      await run(id)
    },
    async read (id: string) {
      const [job, result, outputs] = await Promise.all([readJob(db, TENANT, id), readResult(db, TENANT, id), files.ofJob(id)])
      const texts = Object.fromEntries(await Promise.all(outputs.map(async (file) => [file.name, await contentOf(file)] as const)))
      return { job, result: result && JSON.parse(result.toString()) as Record<string, unknown>, outputs, texts }
    },
  }

  async function contentOf (file: FileRecord): Promise<string> {
    const bytes = Buffer.concat(await files.open(file).toArray() as Buffer[]) // it has no encoding
    return (file.encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()
  }
}
