import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobError } from '../../src/core/failures.ts'
import { RecordError } from '../../src/core/records.ts'
import { failureIn, startEngine } from '../helpers/engine.ts'
import { countTo, createMemoryPort } from '../helpers/records.ts'

const { run, resultOf } = await startEngine({ lanes: 1, spares: 1 })
/** Without a spare: its one runner has its one run. */
const alone = await startEngine({ lanes: 1, spares: 0, settings: { services: { secrets: { read: async () => 'hunter2-is-my-password' } } } })
const ENOUGH = 1_000_000
const identity = 'export default (record) => record'

test('limits end code in the middle of its records, and the next run is served', async () => {
  const stuck = 'export default ({ n }) => { if (n === 500) for (;;) {} return n }'
  failureIn((await run(stuck, { records: createMemoryPort({ lines: countTo(ENOUGH) }), limits: { timeoutMs: 300 } })).report, 'TIMEOUT')
  failureIn((await run(stuck, { records: createMemoryPort({ lines: countTo(ENOUGH) }), limits: { cpuMs: 100 } })).report, 'CPU_LIMIT')
  failureIn((await run('const all = []\nexport default (record) => { all.push(new Array(1000).fill(record)) }', { records: createMemoryPort({ lines: countTo(ENOUGH) }), limits: { memoryMb: 16 } })).report, 'MEMORY_LIMIT')
  failureIn((await run('export default ({ n }) => n < 500 ? n : new Promise(() => {})', { records: createMemoryPort({ lines: countTo(ENOUGH) }), limits: { timeoutMs: 300 } })).report, 'TIMEOUT')

  await resultOf(identity, { records: createMemoryPort({ lines: countTo(10) }) })
})

test('a built-in that only the end of the process stops is stopped', async () => {
  const { report } = await run('export default () => { let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return a }', { records: createMemoryPort({ lines: countTo(10) }), limits: { timeoutMs: 300 } })

  assert.match(failureIn(report).code, /^(?:TIMEOUT|MEMORY_LIMIT)$/)
  await resultOf(identity, { records: createMemoryPort({ lines: countTo(10) }) })
})

test('a cancel ends code in the middle of its records', async () => {
  const cancel = new AbortController()
  const records = createMemoryPort({ lines: countTo(ENOUGH), beforeTake: () => cancel.abort() })

  const { report } = await run(identity, { records, signal: cancel.signal })

  assert.equal(report.outcome.type, 'cancelled')
})

test('a runner that dies in the middle of records ends its run as crashed', async () => {
  const records = createMemoryPort({ lines: countTo(ENOUGH), beforeTake () { for (const pid of alone.engine.runnerPids()) process.kill(pid, 'SIGKILL') } })

  const { report } = await alone.run(identity, { records })

  assert.equal(report.outcome.type, 'crashed')
  await alone.resultOf(identity, { records: createMemoryPort({ lines: countTo(10) }) })
})

const TROUBLES: [what: string, error: Error, code: 'STORAGE_FULL' | 'INPUT_MALFORMED' | 'INTERNAL', message: RegExp][] = [
  ['a JobError', new JobError('STORAGE_FULL', 'Cannot write: the disk is full'), 'STORAGE_FULL', /disk is full/],
  ['a RecordError', new RecordError('Record 5 is too deep', { record: 5, byte: 40 }), 'INPUT_MALFORMED', /too deep/],
  ['anything else', new Error('/secret/path'), 'INTERNAL', /^Cannot go on with the records of the run: they could not be read or written$/],
]
for (const [what, error, code, message] of TROUBLES) {
  test(`${what} of a source or an output is the failure of the run, whose code is stopped`, async () => {
    const fail = async () => { throw error }
    for (const hooks of [{ beforeNext: fail }, { beforeTake: fail }]) {
      const { report } = await run('export default async function * (records) { for await (const record of records) yield record; await new Promise(() => {}) }', { records: createMemoryPort({ lines: countTo(5000), ...hooks }) })

      const failure = failureIn(report, code)
      assert.match(failure.message, message)
      if (error instanceof RecordError) assert.deepEqual(failure.record, { number: 5, byte: 40 })
    }
  })
}

test('an output that fails after the code has ended is a failure all the same', async () => {
  const records = createMemoryPort({ lines: countTo(10), async beforeTake () { throw new JobError('STORAGE_FULL', 'Cannot write: the disk is full') } })

  const { report } = await run(identity, { records })

  failureIn(report, 'STORAGE_FULL')
})

test('code that makes records without an end waits until what it made is written', async () => {
  let write = () => {}
  const written = new Promise<void>((resolve) => { write = resolve })
  const made: number[] = []
  const onLog = ({ message }: { message: string }) => {
    if (message === 'a second has passed') write()
    else made.push(Number(message))
  }

  await resultOf(`export default function * () {
    let passed = false
    setTimeout(() => { console.log('a second has passed'); passed = true }, 1000)
    for (let i = 1; !passed; i++) { yield 'x'.repeat(998); console.log(i) }
  }`, { records: createMemoryPort({ lines: [], beforeTake: () => written }), limits: { logLines: 100_000 }, onLog })

  assert.ok(made.length > 500 && made.length < 2000, `${made.length} records of a kilobyte were made`)
})

test('the code is heard while its output is being written, and while it waits for a source', async () => {
  for (const hook of ['beforeTake', 'beforeNext'] as const) {
    let go = () => {}
    const heard = new Promise<void>((resolve) => { go = resolve })
    const records = createMemoryPort({ lines: countTo(10), [hook]: () => heard })

    await resultOf(`export default async function * (records) {
      yield 0
      const next = records.next()
      await new Promise((resolve) => setTimeout(resolve, 300))
      console.log('here')
      yield (await next).value
      yield * records
    }`, { records, onLog: () => go() })

    assert.equal(records.written().length, 11)
  }
})

test('tools and timers are there for each record', async () => {
  const records = createMemoryPort({ lines: countTo(200) })

  await resultOf('export default async ({ n }) => [await echo.say(n), crypto.randomUUID().length]', { records, tools: ['echo', 'crypto'] })

  assert.deepEqual(records.written().at(-1), ['200', 36])
})

test('a secret that code read is in none of the records', async () => {
  const records = createMemoryPort({ lines: countTo(3), policy: 'skip' })

  const { report } = await alone.run('const given = secrets.get("TOKEN")\nexport default async ({ n }) => { const token = await given; if (n === 2) throw new Error("no " + token); return { token, list: ["a " + token] } }', { records, tools: ['secrets'], secrets: ['TOKEN'] })

  assert.equal(report.outcome.type, 'succeeded', JSON.stringify(report.outcome))
  assert.deepEqual(records.written(), [1, 3].map(() => ({ token: '[secret TOKEN]', list: ['a [secret TOKEN]'] })))
  assert.equal(records.outputs.flatMap(({ rejects }) => rejects)[0]?.failure.message, 'no [secret TOKEN]')
})
