import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { wholeHistory } from '../helpers/load.ts'
import { lastInFirstOut, type Scope } from '../helpers/scope.ts'
import { startService, type ServiceProcess } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const NOTE_TOOL = join(import.meta.dirname, '../chaos/note-tool/tool.ts')
const LOCK_MS = 1000
/** Writes twice, outside; the second time when its worker has been standing still for longer than its lock. */
const CODE = 'export default async () => { await note.write(); await new Promise((r) => setTimeout(r, 2000)); await note.write(); return "done" }'
const TERMINAL = /^job\.(?:succeeded|failed|dead|cancelled|expired)$/

async function startWithNotes (t: Scope) {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-test-notes-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'notes')
  writeFileSync(file, '')
  const service = await startService(t, {
    env: {
      BATCHBOX_TOOLS: `note=${NOTE_TOOL}`,
      BATCHBOX_TOOL_CONFIG: JSON.stringify({ note: { file } }),
      BATCHBOX_LOCK_MS: String(LOCK_MS),
      BATCHBOX_STALLED_MS: '500',
    },
  })
  /** Process ids of the workers that wrote, as they did. */
  const writers = () => readFileSync(file, 'utf8').split('\n').filter(Boolean).map((line) => Number(line.split(' ')[2]))
  const job = await service.post({ code: CODE, tools: ['note'] })
  await until('it has written', () => writers().length === 1)
  return { service, job, writers }
}

/** A process that stands still until it is told to go on. It goes on at the end of the test, or it could not end. */
function standStill (scope: Scope, { pid }: ServiceProcess): () => void {
  const goOn = () => { process.kill(pid, 'SIGCONT') }
  process.kill(pid, 'SIGSTOP')
  scope.after(goOn)
  return goOn
}

test('a worker that stood still for longer than its lock, while another ran its job, writes and changes nothing more', async (t) => {
  const scope = lastInFirstOut(t)
  const { service, job, writers } = await startWithNotes(scope)
  const goOn = standStill(scope, service.worker)
  const other = await service.startWorker()
  const ended = await service.end(job.id)
  const before = await wholeHistory(service, job.id)

  goOn()
  await until('it has given up its run', () => service.worker.lines.some(({ status, jobId }) => status === 'fenced' && jobId === job.id))
  const next = await service.run({ code: 'export default () => 1' })

  assert.deepEqual([ended.status, ended.result, ended.attempts[0]?.runs.length], ['succeeded', 'done', 2])
  assert.deepEqual(writers(), [service.worker.pid, other.pid, other.pid])
  assert.deepEqual(await wholeHistory(service, job.id), before)
  assert.deepEqual(before.map(({ type }) => type).filter((type) => TERMINAL.test(type)), ['job.succeeded'])
  assert.equal(next.status, 'succeeded')
})

test('a worker that stood still for longer than its lock, with nobody else there, runs the job again, which ends once', async (t) => {
  const scope = lastInFirstOut(t)
  const { service, job, writers } = await startWithNotes(scope)
  const goOn = standStill(scope, service.worker)
  await until('its lock is over', async () => await service.db.redis.exists(`${service.db.keys.queue}:jobs:${job.id}-1:lock`) === 0)
  await until('the code wanted to write again', ((from) => () => performance.now() - from > 2500)(performance.now()))

  goOn()
  const ended = await service.end(job.id)

  const types = (await wholeHistory(service, job.id)).map(({ type }) => type)
  assert.deepEqual([ended.status, ended.result, ended.attempts[0]?.runs.length], ['succeeded', 'done', 2])
  assert.equal(writers().length, 3, 'the second call of the first run was refused')
  assert.deepEqual(types.filter((type) => TERMINAL.test(type)), ['job.succeeded'])
  assert.equal(types.filter((type) => type === 'job.lost').length, 1)
})
