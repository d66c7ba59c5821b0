import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../helpers/engine.ts'

const { engine, run } = await startEngine({ lanes: 1, spares: 0 })

test('a runner that died while it was idle is not the fault of the next run, which gets another', async () => {
  await run('export default () => 1')
  const [pid] = engine.runnerPids()
  assert.ok(pid)

  process.kill(pid, 'SIGKILL')
  const { report: { outcome } } = await run('export default () => 2') // handed over before anybody noticed

  assert.equal(outcome.type, 'succeeded', JSON.stringify(outcome))
  assert.ok(!engine.runnerPids().includes(pid))
})
