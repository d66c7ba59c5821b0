import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { test, type TestContext } from 'node:test'
import { COMPILER_FILE } from '../../src/engine/compiler-process.ts'
import { killOrphans } from '../../src/engine/orphans.ts'
import { isOwnerAlive, ownerTag } from '../../src/engine/process-owner.ts'
import { RUNNER_FILE } from '../../src/engine/runner-command.ts'
import { INHERITED } from '../helpers/inherited.ts'
import { killHard } from '../helpers/process-tree.ts'
import { isAlive, waitUntilDead } from '../helpers/processes.ts'

const PARENT = fileURLToPath(new URL('fixtures/runner-parent.ts', import.meta.url))
const linux = { skip: process.platform !== 'linux' && 'reads /proc' }

/** A runner that is stopped in the middle of a run, so that it cannot notice anything, and its owner. */
async function startStopped (t: TestContext) {
  const owner = spawn(process.execPath, ['--disable-warning=SecurityWarning', PARENT], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...INHERITED, CODE: 'export default () => String(3n ** (3n ** 17n)).length' } })
  t.after(() => owner.kill('SIGKILL'))
  const [line] = await once(createInterface(owner.stdout), 'line') as [string] // an event of readline
  const pid = Number(line)
  t.after(() => killHard(pid))
  process.kill(pid, 'SIGSTOP')
  return { owner, pid }
}

test('a runner that outlived its owner is killed', linux, async (t) => {
  const { owner, pid } = await startStopped(t)
  owner.kill('SIGKILL')
  await once(owner, 'exit')

  killOrphans([RUNNER_FILE, COMPILER_FILE]) // or a worker that a test beside this one starts was faster

  await waitUntilDead(pid)
})

test('a runner whose owner lives is left, and so is one of other files', linux, async (t) => {
  const { owner, pid } = await startStopped(t)

  assert.ok(!killOrphans([RUNNER_FILE]).includes(pid))
  assert.ok(isAlive(pid))
  owner.kill('SIGKILL')
  await once(owner, 'exit')
  assert.ok(!killOrphans(['/srv/other/src/engine/runner/main.ts']).includes(pid))
})

test('an owner is known by its id and by when it started', linux, () => {
  const [pid, started] = ownerTag().split('-')

  assert.deepEqual([ownerTag(), `${pid}-${Number(started) + 1}`, `${2 ** 22 + 1}-1`, '1-x', 'nonsense'].map(isOwnerAlive), [true, false, false, false, true])
})
