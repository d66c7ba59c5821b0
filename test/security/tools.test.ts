import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createChannels } from '../../src/store/channels.ts'
import { openDb } from '../../src/store/db.ts'
import { createDurability } from '../../src/store/durability.ts'
import { buildKv } from '../../src/store/kv/kv.ts'
import { createRunCheckpoint } from '../../src/worker/run-checkpoint.ts'
import { createRunFiles } from '../../src/worker/run-files.ts'
import { startEngine, type TestEngine } from '../helpers/engine.ts'
import { openTestFiles, putFile } from '../helpers/files.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { redisForTest } from '../helpers/redis.ts'
import { acceptJob, beginJob } from '../helpers/store.ts'
import { until } from '../helpers/until.ts'
import { everyTool } from './groups/every-tool.ts'
import { ATTACKERS, playGroup } from './play.ts'

const { url, prefix } = await redisForTest(undefined)
const db = openDb({ url, prefix, failFast: false, onError () {} })
const channel = createChannels(db, db, { onError () {} })
const SECRETS: Record<string, string> = { TOKEN: 'hunter2-is-my-password', OTHER: 'what-the-job-has-not' }
const DB_FOLDER = join(import.meta.dirname, '../tools/db')
const postgres = await startPostgres({ after })
await postgres.query(`${readFileSync(join(DB_FOLDER, 'schemas.sql'), 'utf8')}; INSERT INTO users (e_mail) VALUES ('one@x')`)
const engine = await startEngine({
  lanes: ATTACKERS + 1,
  spares: 1,
  tools: { own: '', config: JSON.stringify({ kv: { maxEntries: 200 }, db: { databases: { main: { url: postgres.urlOf('app'), schemas: join(DB_FOLDER, 'schemas') } }, statementTimeoutMs: 1000 } }) },
  settings: { services: { kv: buildKv(db, db), channel, secrets: { read: async (_tenant, name) => SECRETS[name] } } },
})
after(async () => {
  await channel.close()
  await db.close()
})
const files = openTestFiles({ after }, db)
const theirs = await putFile(files, 'theirs', 'of another tenant', { tenant: 'other' })
const durability = createDurability(db, { replicas: 0, fsync: false, timeoutMs: 1000, onError () {} })
const tools = ['channel', 'crypto', 'db', 'echo', 'fetch', 'files', 'kv', 'secrets']

/** Every run is one of a job of its own that is in the store, and of a tenant of its own; it has all tools, and one of the two secrets. */
const armed: TestEngine = {
  ...engine,
  async run (code, options) {
    const { run } = await beginJob(db, await acceptJob(db))
    const checkpoint = createRunCheckpoint(db, { run, active: { stop () {} }, durability, writer: { written: () => Promise.resolve() } })
    const own = { ...run, tenant: run.jobId }
    await putFile(files, 'data', 'some text\n', own)
    const mine = createRunFiles(files, { run: own, maxBytes: 1_000_000 })
    const record = await engine.run(code, { tools, tenant: own.tenant, secrets: ['TOKEN'], input: theirs.id, run, checkpoint, files: mine, permissions: { read: true, write: true }, ...options })
    await mine.close()
    return record
  },
}

playGroup(everyTool, armed)

test('no connection to the database is held', async () => {
  await until('none is in a transaction, or works', async () => (await postgres.query("SELECT 1 FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle'")).length === 0)
})

test('what tools were asked changed no prototype of the worker, which is this process', () => {
  const own = [Object, Array, Function, String, Number, Promise, Map, Buffer, Error].map(({ prototype }) => prototype as object)

  assert.deepEqual(own.flatMap((prototype) => Object.keys(prototype)).filter((key) => /polluted|ttlMs|method/.test(key)), [])
  assert.equal('polluted' in {}, false)
})
