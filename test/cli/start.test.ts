import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { start } from '../../src/cli/commands/start.ts'
import { fakeProject, lastSeen } from './helpers/fake-service.ts'
import { runCommand } from './helpers/run-command.ts'

test('start prints one line with the URL and the key it made, and asks its processes for warnings only', async (t) => {
  const root = fakeProject(t)

  const running = runCommand(t, start, { root })
  const ready = await running.line(/ready at/)

  assert.match(ready, /^Batchbox is ready at http:\/\/127\.0\.0\.1:\d+ {2}API key bbx_[\w-]{43}$/)
  assert.match(await running.line(/worker has a problem/), /"logLevel":"warn"/)
})

test('start does not print a key that the operator set', async (t) => {
  const key = 'k'.repeat(32)

  const running = runCommand(t, start, { root: fakeProject(t), env: { BATCHBOX_ADMIN_KEY: key } })

  assert.doesNotMatch(await running.line(/ready at/), /key/)
  assert.match(await running.line(/api has a problem/), new RegExp(key))
})

test('start gives its processes a private Redis on a socket, and the one that REDIS_URL names when it is set', async (t) => {
  const own = runCommand(t, start, { root: fakeProject(t) })
  const given = runCommand(t, start, { root: fakeProject(t), env: { REDIS_URL: 'redis://127.0.0.1:1/0' } })

  assert.match(await own.line(/worker has a problem/), /"redis":"unix:\/\/.+redis\.sock"/)
  assert.match(await given.line(/worker has a problem/), /"redis":"redis:\/\/127\.0\.0\.1:1\/0"/)
})

test('start starts the API again on the same port when it dies, and the worker likewise', async (t) => {
  const root = fakeProject(t)
  const running = runCommand(t, start, { root })
  await running.line(/ready at/)
  const before = { api: lastSeen(root, 'api'), worker: lastSeen(root, 'worker') }

  process.kill(before.api.pid, 'SIGKILL')
  process.kill(before.worker.pid, 'SIGKILL')

  await running.line(/The api was ended by SIGKILL; starting it again in 250 ms/)
  await running.line(/The api is ready again/)
  await running.line(/The worker is ready again/)
  assert.notEqual(lastSeen(root, 'api').pid, before.api.pid)
  assert.equal(lastSeen(root, 'api').port, before.api.port)
  assert.notEqual(lastSeen(root, 'worker').pid, before.worker.pid)
})

test('start stops both processes and then Redis when it is asked to, and answers 0', async (t) => {
  const root = fakeProject(t)
  const running = runCommand(t, start, { root })
  await running.line(/ready at/)

  running.stop()

  assert.equal(await running.exitCode, 0)
  assert.ok(running.lines.some((line) => line.includes('api stopped')))
  assert.ok(running.lines.some((line) => line.includes('worker stopped')))
  assert.ok(!existsSync(join(root, '.batchbox', 'lock')))
  assert.ok(!existsSync(join(root, '.batchbox', 'redis', 'redis.sock')))
})

test('start fails with the last words of a process that cannot start, and stops the rest', async (t) => {
  const root = fakeProject(t)

  const running = runCommand(t, start, { root, env: { FAKE_BROKEN: 'worker' } })

  await assert.rejects(running.exitCode, /Cannot start the worker: it ended with code 3\nthe worker is misconfigured/)
  assert.ok(!existsSync(join(root, '.batchbox', 'redis', 'redis.sock')))
})

test('a second start on the same folder fails with the pid of the first', async (t) => {
  const root = fakeProject(t)
  const first = runCommand(t, start, { root })
  await first.line(/ready at/)

  const second = runCommand(t, start, { root })

  await assert.rejects(second.exitCode, new RegExp(`held by the Batchbox of pid ${process.pid};`))
})
