import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeHistory } from '../helpers/load.ts'
import { killHard, runnersOf } from '../helpers/process-tree.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** Counts to the input's end, a save for each step; rests after the step that it is told to. */
const COUNTING = `export default async ({ to, restAt, restMs }, { attempt, checkpoint }) => {
  const begun = await checkpoint.load() ?? { at: 0, starts: [] }
  const state = { at: begun.at, starts: [...begun.starts, begun.at] }
  while (state.at < to) {
    state.at += 1
    await checkpoint.save(state)
    if (state.at === restAt && state.starts.length === 1) await new Promise((resolve) => setTimeout(resolve, restMs))
  }
  return state
}`
const LONG_MS = 600_000
const PATIENT = { timeoutMs: LONG_MS }

test('checkpoints', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_LOCK_MS: '2000', BATCHBOX_STALLED_MS: '500', BATCHBOX_DRAIN_MS: '0' } })
  const checkpointOf = async (id: string) => (await service.request('GET', `/v1/jobs/${id}/checkpoint`)).json
  const reaches = async (id: string, at: number) => ((await checkpointOf(id))['state'] as { at: number } | undefined)?.at === at

  await t.test('a job that saved nothing loads undefined, and what it saved comes back as JSON has it', async () => {
    const code = `export default async (_, { checkpoint }) => {
      const before = await checkpoint.load(), states = [null, 0, '', 'ü\\n"\\ud800', [1, [2]], { __proto__: null, a: { b: [] } }, { at: new Date(0), none: undefined }]
      const loaded = []
      for (const state of states) { await checkpoint.save(state); loaded.push(await checkpoint.load()) }
      return [before === undefined, loaded]
    }`

    const job = await service.run({ code })

    assert.deepEqual(job.result, [true, [null, 0, '', 'ü\n"\ud800', [1, [2]], { a: { b: [] } }, { at: '1970-01-01T00:00:00.000Z' }]], JSON.stringify(job.error))
  })

  await t.test('what cannot be kept is refused to the code, which goes on', async () => {
    const code = `export default async (_, { checkpoint }) => {
      const said = []
      const loop = {}; loop.loop = loop
      await checkpoint.save('kept')
      for (const state of [undefined, () => {}, 1n, loop, 'x'.repeat(1_048_576), 'ü'.repeat(600_000)]) {
        try { await checkpoint.save(state); said.push('saved') } catch (error) { said.push(error.message.split('\\n')[0]) }
      }
      return [said, await checkpoint.load(), Object.isFrozen(checkpoint), Object.keys(checkpoint)]
    }`

    const job = await service.run({ code })

    assert.deepEqual(job.result, [[
      'Cannot save the checkpoint: the state has no JSON form', 'Cannot save the checkpoint: the state has no JSON form', 'Do not know how to serialize a BigInt', 'Converting circular structure to JSON',
      'Cannot call checkpoint.save: its arguments have 1048578 characters, allowed are 1048576', 'Cannot save the checkpoint: the state has 1200002 bytes as JSON, allowed are 1048576',
    ], 'kept', true, ['save', 'load']], JSON.stringify(job.error))
  })

  await t.test('every attempt goes on where the one before had saved: after errors, limits and running out of memory', async () => {
    const code = `export default async (_, { attempt, checkpoint }) => {
      const at = await checkpoint.load() ?? []
      await checkpoint.save([...at, attempt])
      if (attempt === 1) throw new Error('first')
      if (attempt === 2) for (;;);
      if (attempt === 3) { const all = []; for (;;) all.push(new Array(1e6).fill(attempt)) }
      return await checkpoint.load()
    }`

    const job = await service.run({ code, limits: { cpuMs: 2000, memoryMb: 32 }, retry: { attempts: 4, backoff: { type: 'fixed', delayMs: 0, jitter: 0 }, on: ['USER_ERROR', 'CPU_LIMIT', 'MEMORY_LIMIT'] } })

    assert.deepEqual(job.attempts.map(({ error }) => error?.code ?? 'none'), ['USER_ERROR', 'CPU_LIMIT', 'MEMORY_LIMIT', 'none'])
    assert.deepEqual(job.result, [1, 2, 3, 4])
    const events = await wholeHistory(service, job.id)
    assert.deepEqual(events.filter(({ type }) => type === 'job.checkpoint').map(({ payload }) => [payload['number'], payload['run']]), [[1, 1], [2, 2], [3, 3], [4, 4]])
    assert.deepEqual(job.attempts[0]?.receipt.map((line) => { const { grant, target, method, count } = line as { grant: string, target: string, method: string, count: number }; return [grant, target, method, count] }), [
      ['checkpoint', 'state', 'load', 1], ['tool', 'checkpoint.load', null, 1], ['checkpoint', 'state', 'save', 1], ['tool', 'checkpoint.save', null, 1],
    ])
  })

  await t.test('a runner that is killed takes nothing of it along', async () => {
    const job = await service.post({ code: COUNTING, input: { to: 8, restAt: 5, restMs: LONG_MS }, limits: PATIENT })
    await until('it has saved', () => reaches(job.id, 5))

    for (const pid of runnersOf(service.worker.pid)) killHard(pid)

    assert.deepEqual((await service.end(job.id)).result, { at: 8, starts: [0, 5] })
  })

  await t.test('after kill -9 of its worker, another worker goes on at what was acknowledged, in a history without a gap', async () => {
    const job = await service.post({ code: COUNTING, input: { to: 8, restAt: 5, restMs: LONG_MS }, limits: PATIENT })
    await until('it has saved', () => reaches(job.id, 5))
    const saved = await checkpointOf(job.id)

    killHard(service.worker.pid)
    const second = await service.startWorker()
    const ended = await service.end(job.id)

    assert.deepEqual([saved['number'], saved['run'], saved['state']], [5, 1, { at: 5, starts: [0] }])
    assert.deepEqual(ended.result, { at: 8, starts: [0, 5] }, JSON.stringify(ended.error))
    const events = await wholeHistory(service, job.id)
    assert.deepEqual(events.filter(({ type }) => type === 'job.checkpoint').map(({ payload }) => payload['number']), [1, 2, 3, 4, 5, 6, 7, 8])

    const given = await service.post({ code: COUNTING, input: { to: 8, restAt: 5, restMs: LONG_MS }, limits: PATIENT })
    await until('the next has saved', () => reaches(given.id, 5))
    await Promise.all([second.stop(), service.startWorker()])
    assert.deepEqual((await service.end(given.id)).result, { at: 8, starts: [0, 5] }, 'a job that is given back goes on, too')
  })
})
