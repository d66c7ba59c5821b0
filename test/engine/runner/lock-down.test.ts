import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import { prepareGuest } from '../../../src/engine/guest-image.ts'
import { RunnerProcess } from '../../../src/engine/runner-process.ts'
import { INHERITED } from '../../helpers/inherited.ts'
import { isAlive, waitUntilDead } from '../../helpers/processes.ts'

const TAKEN_OVER = fileURLToPath(new URL('../fixtures/taken-over.ts', import.meta.url))
const PARENT = fileURLToPath(new URL('../fixtures/runner-parent.ts', import.meta.url))
const linux = { skip: process.platform !== 'linux' && 'reads /proc' }

test('code that took a runner over reads nothing, writes nothing, connects to nothing and starts nothing', async (t) => {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: await prepareGuest([]), file: TAKEN_OVER })
  t.after(() => runner.kill('The test is over'))

  const { stderrTail, reason } = await runner.exited
  assert.match(stderrTail, /^\{.*\}\n$/, `${reason}\n${stderrTail}`)
  const seen = JSON.parse(stderrTail) as { main: string[], thread: string[], env: string[], uid: number } // the fixture wrote it

  assert.deepEqual(seen.main, [])
  assert.deepEqual(seen.thread, [])
  assert.deepEqual(seen.env, ['LANG', 'LIBC', 'TZ'])
  assert.notEqual(seen.uid, 0)
})

test('a runner says where it is contained, and root is given up', async (t) => {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: await prepareGuest([]) })
  t.after(async () => {
    runner.kill('The test is over')
    await runner.exited
  })

  const isolation = await runner.ready

  assert.deepEqual({ ...isolation, uid: null }, { process: true, permission: true, uid: null, cgroup: false, threads: 1 })
  assert.notEqual(isolation.uid, 0)
})

for (const code of ['export default () => new Promise(() => {})', 'export default () => { for (;;) {} }', 'export default () => String(3n ** (3n ** 17n)).length']) {
  test(`no runner is left 2 seconds after its worker was killed: ${code.slice(15)}`, linux, async (t) => {
    const parent = spawn(process.execPath, ['--disable-warning=SecurityWarning', PARENT], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...INHERITED, CODE: code } })
    t.after(() => parent.kill('SIGKILL'))
    const [line] = await once(createInterface(parent.stdout), 'line') as [string] // an event of readline
    const pid = Number(line)
    assert.ok(isAlive(pid))

    parent.kill('SIGKILL')

    await waitUntilDead(pid, 2000)
  })
}
