import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { start } from '../../src/cli/commands/start.ts'
import { startOne } from '../../src/cli/commands/start-part.ts'
import { temporaryFolder } from '../cli/helpers/fake-service.ts'
import { runCommand, type RunningCommand } from '../cli/helpers/run-command.ts'
import { until } from '../helpers/until.ts'

const root = join(import.meta.dirname, '..', '..')
const KEY = 'bbx_' + 'k'.repeat(40)

function startReal (t: TestContext, env: Record<string, string> = {}): RunningCommand {
  return runCommand(t, start, { root, env: { BATCHBOX_DATA_DIR: temporaryFolder(t), PORT: '0', BATCHBOX_ADMIN_KEY: KEY, ...env } })
}

async function readUrl (running: RunningCommand): Promise<string> {
  return /http:\S+/.exec(await running.line(/ready at/))?.[0] ?? ''
}

async function runJob (url: string): Promise<unknown> {
  const response = await fetch(`${url}/v1/jobs`, {
    method: 'POST',
    headers: { 'authorization': `Bearer ${KEY}`, 'content-type': 'application/json', 'prefer': 'wait=30' },
    body: JSON.stringify({ code: 'export default (n) => n * 2', input: 21 }),
  })
  assert.equal(response.status, 200)
  const { status, result } = await response.json() as { status: string, result: unknown } // the service's own answer
  return { status, result }
}

/** Process ids that were started by this one, and theirs, that are alive. */
function descendants (): number[] {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (state !== 'Z') parents.set(Number(name), Number(parent))
    } catch {
      // it ended meanwhile
    }
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent !== undefined && (parent === process.pid || isOurs(parent))
  }
  return [...parents.keys()].filter(isOurs)
}

test('start runs jobs, survives the death of both its processes, and leaves none behind', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const running = startReal(t)
  const url = await readUrl(running)
  assert.deepEqual(await runJob(url), { status: 'succeeded', result: 42 })

  for (const pid of descendants()) {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
    if (command.some((word) => word.endsWith('src/api/main.ts') || word.endsWith('src/worker/main.ts'))) process.kill(pid, 'SIGKILL')
  }
  await running.line(/The api is ready again/)
  await running.line(/The worker is ready again/)

  assert.deepEqual(await runJob(url), { status: 'succeeded', result: 42 })
  running.stop()
  assert.equal(await running.exitCode, 0)
  assert.deepEqual(descendants(), [])
})

test('a signal to npm reaches the service, which stops', async (t) => {
  const npm = spawn('npm', ['start'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, BATCHBOX_DATA_DIR: temporaryFolder(t), PORT: '0', BATCHBOX_ADMIN_KEY: KEY } })
  t.after(() => npm.kill('SIGTERM'))
  const ended = once(npm, 'close') // all that write where it does have ended
  let output = ''
  npm.stdout.setEncoding('utf8').on('data', (text: string) => { output += text })
  await until('it is ready', () => Promise.resolve(output.includes('ready at')))

  npm.kill('SIGTERM')

  const [url] = /http:\S+/.exec(output) ?? []
  await until('nobody listens any more', () => fetch(`${url}/healthz`).then(() => false, () => true))
  await ended
})

test('start fails at once when a port is taken, and says so', async (t) => {
  const url = await readUrl(startReal(t))

  const second = startReal(t, { PORT: new URL(url).port })

  await assert.rejects(second.exitCode, /Cannot start the api[^]*EADDRINUSE/)
})

test('start fails at once when the environment is not valid, and names the key', async (t) => {
  const running = startReal(t, { BATCHBOX_LANES: 'many' })

  await assert.rejects(running.exitCode, /Cannot start the worker[^]*BATCHBOX_LANES/)
})

test('an API and a worker that are started alone share the private Redis of their folder', async (t) => {
  const env = { BATCHBOX_DATA_DIR: temporaryFolder(t), PORT: '0', BATCHBOX_ADMIN_KEY: KEY }
  const api = runCommand(t, (context) => startOne('api', context), { root, env })
  const worker = runCommand(t, (context) => startOne('worker', context), { root, env })
  const url = String((JSON.parse(await api.line(/"msg":"ready"/)) as { url: unknown }).url) // the ready line of the API
  await worker.line(/"msg":"ready"/)

  assert.deepEqual(await runJob(url), { status: 'succeeded', result: 42 })
  worker.stop()
  assert.equal(await worker.exitCode, 0)
  api.stop()
  assert.equal(await api.exitCode, 0)
})
