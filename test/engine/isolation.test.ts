import assert from 'node:assert/strict'
import { readFileSync, readlinkSync } from 'node:fs'
import { test } from 'node:test'
import { openCgroups } from '../../src/engine/cgroup.ts'
import { deathSignalPrefix } from '../../src/engine/death-signal.ts'
import { noNetworkPrefix } from '../../src/engine/no-network.ts'
import { startEngine } from '../helpers/engine.ts'

const MB = 1_048_576
const RESOURCES = { dataMb: 6000, openFiles: 300 }
const isRoot = process.getuid?.() === 0
const createCgroup = openCgroups({ memoryMb: 300, pids: 200 })
const linux = { skip: process.platform !== 'linux' && 'only Linux has these' }
const grouped = { skip: createCgroup === undefined && 'no control group is writable here' }

const bare = await startEngine({ lanes: 1, spares: 0 })
const bound = await startEngine({ lanes: 1, spares: 0, createCgroup, resources: RESOURCES })

test('each attempt says where it was contained, as the worker sees it', async () => {
  const isolations = await Promise.all([bare, bound].map(async ({ run }) => (await run('export default () => 1')).report.isolation))

  const uid = isRoot ? 65_534 : process.getuid?.()
  assert.deepEqual(isolations, [false, createCgroup !== undefined].map((cgroup) => ({ process: true, permission: true, uid, cgroup, threads: 1 })))
})

test('a level that is reached lets the code run', async () => {
  const { report: { outcome } } = await bare.run('export default () => 1', { requireIsolation: ['process', 'permission', ...isRoot ? ['uid' as const] : []] })

  assert.equal(outcome.type, 'succeeded')
})

test('a control group that is demanded and had lets the code run', grouped, async () => {
  assert.equal(await bound.resultOf('export default () => 1', { requireIsolation: ['cgroup'] }), 1)
})

test('a level that is not reached ends the run before its code, and the message says what was asked for, what there is and what to do', async () => {
  const { report, logs } = await bare.run('console.log("ran"); export default () => 1', { requireIsolation: ['process', 'cgroup'] })

  assert.equal(report.outcome.type === 'failed' && report.outcome.error.code, 'UNAVAILABLE')
  assert.match(report.outcome.type === 'failed' ? report.outcome.error.message : '', /^Cannot run job: it requires isolation by process, cgroup, this worker reaches process, permission.*; for cgroup, let the worker write to its control group$/)
  assert.deepEqual(logs, [])
})

test('its runner serves the next one', async () => {
  assert.equal(await bare.resultOf('export default () => 1'), 1)
})

test('the system holds a runner to its limits', linux, () => {
  const [pid] = bound.engine.runnerPids()
  const limits = readFileSync(`/proc/${pid}/limits`, 'utf8')

  assert.match(limits, new RegExp(`^Max data size +${RESOURCES.dataMb * MB} +${RESOURCES.dataMb * MB} `, 'm'))
  assert.match(limits, /^Max core file size +0 +0 /m)
  assert.match(limits, new RegExp(`^Max open files +${RESOURCES.openFiles} +${RESOURCES.openFiles} `, 'm'))
})

test('no runner leaves a core dump, whatever else it is held to', linux, () => {
  const [pid] = bare.engine.runnerPids()

  assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m)
})

test('a run whose runner the kernel kills for its memory broke its memory limit', grouped, async () => {
  const { report: { outcome } } = await bound.run('export default () => { const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1)) }', { limits: { memoryMb: 1024 } })

  assert.equal(outcome.type === 'failed' && outcome.error.code, 'MEMORY_LIMIT', JSON.stringify(outcome))
  assert.equal(outcome.type === 'failed' && outcome.error.limit?.configured, 1024)
  assert.equal(await bound.resultOf('export default () => 1'), 1)
})

test('where the system allows it, a runner has no network, and no program that it starts could have more rights', linux, () => {
  const networkOf = (pid: number | 'self') => readlinkSync(`/proc/${pid}/ns/net`)
  const [pid = 0] = bare.engine.runnerPids()

  assert.equal(networkOf(pid) !== networkOf('self'), noNetworkPrefix().length > 0)
  assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), deathSignalPrefix().length > 0 ? /^NoNewPrivs:\t1$/m : /./)
})
