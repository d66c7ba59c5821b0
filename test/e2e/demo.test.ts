import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { demo } from '../../src/cli/commands/demo.ts'
import { runCommand } from '../cli/helpers/run-command.ts'

const root = join(import.meta.dirname, '..', '..')

test('the demo finds every answer right, whatever the environment says, and answers 0', async (t) => {
  const running = runCommand(t, demo, { root, env: { REDIS_URL: 'redis://127.0.0.1:1', BATCHBOX_MAX_TIMEOUT_MS: '1' } })

  assert.equal(await running.exitCode, 0, running.lines.join('\n'))
})

test('a demo that is stopped while its jobs run stops all it started and answers 130', async (t) => {
  const running = runCommand(t, demo, { root })
  await running.line(/✔ parcels\.ts/)

  running.stop()

  assert.equal(await running.exitCode, 130)
})
