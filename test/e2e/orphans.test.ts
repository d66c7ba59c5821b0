import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { INHERITED } from '../helpers/inherited.ts'
import { descendantsOf, killHard } from '../helpers/process-tree.ts'
import { waitUntilDead } from '../helpers/processes.ts'
import { redisForTest } from '../helpers/redis.ts'
import { KEY, SMALL, startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const SKIP = process.platform !== 'linux' && 'reads /proc'

/** Starts one process of the service as the command does, says its pid, and waits to be killed. */
const STARTER = `
import { startChild } from ${JSON.stringify(join(ROOT, 'src/cli/child.ts'))}
const { FILE, ...env } = process.env
const child = await startChild({ name: 'part', file: FILE, env, signal: new AbortController().signal, stopMs: 1000, onLine () {} })
console.log(child.pid)
`

for (const part of ['api', 'worker']) {
  test(`a starter that is killed takes its ${part} along, with all that it started`, { skip: SKIP }, async (t) => {
    const { url, prefix } = await redisForTest(t)
    const starter = spawn(process.execPath, ['--input-type=module', '-e', STARTER], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...SMALL, ...INHERITED, FILE: join(ROOT, `src/${part}/main.ts`), REDIS_URL: url, BATCHBOX_PREFIX: prefix, PORT: '0',
        BATCHBOX_ADMIN_KEY: KEY, BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '0',
      },
    })
    t.after(() => starter.kill('SIGKILL'))
    const [line] = await once(createInterface({ input: starter.stdout }), 'line') as [string]
    const pids = [Number(line), ...descendantsOf(Number(line)).map(({ pid }) => pid)]
    assert.ok(pids.length >= (part === 'worker' ? 2 : 1))

    starter.kill('SIGKILL')

    await Promise.all(pids.map((pid) => waitUntilDead(pid, 3000)))
  })
}

test('a worker that is killed while its runner is stuck in native code leaves no process after 5 seconds', { skip: SKIP }, async (t) => {
  const service = await startService(t)
  const { id } = await service.post({ code: 'export default () => { console.log("in"); return String(3n ** (3n ** 17n)).length }', limits: { timeoutMs: 60_000, cpuMs: 60_000 } })
  await until('the code runs', async () => (await service.logs(id)).length > 0)
  const below = descendantsOf(service.worker.pid)
  assert.ok(below.length >= 3, 'two runners and a compiler')

  killHard(service.worker.pid)

  await Promise.all(below.map(({ pid }) => waitUntilDead(pid, 5000)))
})
