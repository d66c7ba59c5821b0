import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureIn, startEngine } from '../helpers/engine.ts'
import { countTo, createMemoryPort } from '../helpers/records.ts'

const { run, resultOf } = await startEngine({ lanes: 1 })
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

test('states of a reducer come as often as is asked for, and the next run goes on from the last', async () => {
  const code = `export default {
    initial: () => { globalThis.begun = true; return { sum: 0 } },
    async reduce (accumulator, { n }) { await new Promise((resolve) => setTimeout(resolve, 2)); if (globalThis.begun && n === 400) throw new Error('broke'); return { sum: accumulator.sum + n } },
  }`
  const first = createMemoryPort({ lines: countTo(1000), checkpointMs: 250 })
  failureIn((await run(code, { records: first })).report, 'USER_ERROR')
  const commit = first.outputs.findLast(({ state }) => state !== null)
  assert.ok(commit && commit.taken > 0 && commit.taken < 400)
  assert.deepEqual(JSON.parse(commit.state ?? ''), { sum: commit.taken * (commit.taken + 1) / 2 })

  const second = createMemoryPort({ lines: [...countTo(600)].slice(commit.taken), skipped: commit.taken, state: commit.state })
  const value = await resultOf(code, { records: second })

  assert.deepEqual(value, { sum: 600 * 601 / 2 })
})

test('a function without an accumulator has the state null, with all that was made before it', async () => {
  const records = createMemoryPort({ lines: countTo(1500), checkpointMs: 200, size: 1500 })

  await resultOf('export default ({ n }) => new Promise((resolve) => setTimeout(resolve, 1, n))', { records })

  let made = 0
  const commits = records.outputs.flatMap(({ count, taken, state }) => {
    made += count
    return state === null ? [] : [[made, taken, state]]
  })
  assert.ok(commits.length > 0)
  for (const [written, taken, state] of commits) assert.deepEqual([written, state], [taken, 'null'])
})

test('an accumulator that JSON cannot keep is told of, and the run goes on', async () => {
  const records = createMemoryPort({ lines: countTo(300), checkpointMs: 200 })

  const { logs, report } = await run(`export default {
    initial: () => new Map(),
    reduce: async (sums, { n }) => { await new Promise((resolve) => setTimeout(resolve, 2)); return sums.set(n % 2, (sums.get(n % 2) ?? 0) + n) },
    flush: (sums) => sums,
  }`, { records })

  assert.equal(report.outcome.type, 'succeeded')
  assert.deepEqual(records.written(), [[1, 22_500], [0, 22_650]])
  assert.deepEqual(records.states(), [])
  assert.match(logs[0]?.message ?? '', /^Cannot keep the accumulator for a run that goes on from here: JSON has no form for an object of a class$/)
  assert.equal(logs.length, 1)
})

test('a generator commits what it yielded with the state that it saves, and finds it again', async () => {
  const code = `export default async function * (records, { checkpoint }) {
    let { sum } = await checkpoint.load() ?? { sum: 0 }
    for await (const { n } of records) {
      sum += n
      yield sum
      if (n % 100 === 0) { await checkpoint.save({ sum }); if ((await checkpoint.load()).sum !== sum) throw new Error('lost') }
      if (n === 250 && globalThis.process === undefined && sum === 31375 && (await checkpoint.load())) throw new Error('broke')
    }
    return sum
  }`
  const first = createMemoryPort({ lines: countTo(1000) })
  failureIn((await run(code, { records: first })).report, 'USER_ERROR')
  assert.deepEqual(first.states(), [{ sum: 5050 }, { sum: 20_100 }])
  const last = first.outputs.findLastIndex(({ state }) => state !== null)
  const written = first.outputs.slice(0, last + 1).reduce((sum, { count }) => sum + count, 0)
  assert.deepEqual([first.outputs[last]?.taken, written], [200, 200])

  const second = createMemoryPort({ lines: [...countTo(1000)].slice(251), skipped: 251, state: '{"sum":31375}' })
  assert.equal(await resultOf(code, { records: second }), 31_375 + range(252, 1000).reduce((sum, n) => sum + n))
})

test('a save of a generator waits until it is committed, and one more is refused meanwhile', async () => {
  let commit = () => {}
  const committed = new Promise<void>((resolve) => { commit = resolve })
  const records = createMemoryPort({ lines: countTo(3), beforeTake: ({ state }) => state === null ? undefined : committed })
  const log: string[] = []

  const running = resultOf(`export default async function * (records, { checkpoint }) {
    yield 1
    const saving = checkpoint.save('first').then(() => console.log('saved'))
    await checkpoint.save('second').catch((error) => console.log(error.message))
    await saving
    await checkpoint.save('x'.repeat(1048576)).catch((error) => console.log(error.message))
    await checkpoint.save().catch((error) => console.log(error.message))
  }`, {
    records,
    onLog ({ message }) {
      log.push(message)
      if (message.includes('await it first')) commit()
    },
  })
  await running

  assert.deepEqual(log, [
    'Cannot save the checkpoint: the one before is not saved yet; await it first',
    'saved',
    'Cannot save the checkpoint: the state has 1048578 bytes as JSON, allowed are 1048576',
    'Cannot save the checkpoint: the state has no JSON form',
  ])
  assert.deepEqual(records.states(), ['first'])
})

test('functions are told that their checkpoints are automatic, and may report progress and log', async () => {
  const { report, logs, progress } = await run('export default async (record, { checkpoint, progress }) => { progress(0.5, "half"); try { await checkpoint.save(1) } catch ({ name, message }) { console.log(name, message) } }', { records: createMemoryPort({ lines: countTo(1) }) })

  assert.equal(report.outcome.type, 'succeeded')
  assert.equal(logs[0]?.message, 'TypeError Cannot use the checkpoint: those of a transform of functions are automatic; write it as a generator to keep states yourself')
  assert.deepEqual(progress, [{ value: 0.5, message: 'half' }])
})
