import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { prepareGuest } from '../../src/engine/guest-image.ts'
import { runnerCache } from '../../src/engine/runner-cache.ts'
import { RunnerProcess } from '../../src/engine/runner-process.ts'

test('a runner leaves its compiled code where this process keeps its own', async (t) => {
  const home = await mkdtemp(join(tmpdir(), 'batchbox-'))
  t.after(() => rm(home, { recursive: true }))
  enableCompileCache(home) // changes nothing where it is on already
  const folder = runnerCache()
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: await prepareGuest([]) })
  t.after(async () => {
    runner.kill('The test is over')
    await runner.exited
  })

  await runner.ready

  assert.ok(folder)
  assert.ok(readdirSync(folder, { recursive: true }).length > 10)
})
