import assert from 'node:assert/strict'
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { INHERITED } from '../helpers/inherited.ts'
import { redisForTest } from '../helpers/redis.ts'

const MAIN = fileURLToPath(new URL('../../src/api/main.ts', import.meta.url))
const KEY = 'k'.repeat(32)

type Child = ChildProcessByStdio<Writable, Readable, Readable>

function start (t: TestContext, env: Record<string, string>): Child {
  const child = spawn(process.execPath, [MAIN], { env: { ...INHERITED, HOST: '127.0.0.1', PORT: '0', BATCHBOX_ADMIN_KEY: KEY, ...env }, stdio: 'pipe' })
  t.after(() => { child.kill('SIGKILL') })
  return child
}

async function startReady (t: TestContext, env: Record<string, string> = {}): Promise<{ child: Child, url: string }> {
  const { url: REDIS_URL, prefix } = await redisForTest(t)
  const child = start(t, { REDIS_URL, BATCHBOX_PREFIX: prefix, ...env })
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line) as { msg: string, url?: string } // a line of the log
    if (msg !== 'ready' || url === undefined) continue
    child.stdout.resume()
    return { child, url }
  }
  throw new Error('Cannot start the API: it ended before it was ready')
}

test('the process says on stdout where it listens, and stops with 0 on SIGTERM after answering what is in flight', async (t) => {
  const { child, url } = await startReady(t, { LOG_LEVEL: 'error' })
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }
  const posted = await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body: '{"code":"x"}' })
  const waiting = fetch(`${url}${posted.headers.get('location')}?wait=60`, { headers })
  await fetch(`${url}/healthz`)

  child.kill('SIGTERM')
  const [[code], response] = await Promise.all([once(child, 'exit'), waiting])

  assert.equal(posted.status, 202)
  assert.equal(response.status, 200)
  assert.equal(code, 0)
})

test('the process stops when its standard input ends, if told so', async (t) => {
  const { child } = await startReady(t, { BATCHBOX_STOP_WITH_STDIN: '1' })

  child.stdin.end()
  const [code] = await once(child, 'exit') as [number | null] // the event's first argument

  assert.equal(code, 0)
})

test('a bad configuration ends the process with 1 and names the key', async (t) => {
  const child = start(t, { REDIS_URL: 'nonsense' })
  child.stdout.resume()

  const stderr = Buffer.concat(await child.stderr.toArray() as Buffer[]).toString() // no encoding is set
  await (child.exitCode ?? once(child, 'exit'))

  assert.equal(child.exitCode, 1)
  assert.match(stderr, /REDIS_URL/)
})

test('a client that sends 20 MB reads its refusal, whatever refuses it', async (t) => {
  const { url } = await startReady(t)
  const body = Buffer.alloc(20_000_000, 'a')
  const authorization = `Bearer ${KEY}`
  const wanted = [[413, { authorization, 'content-type': 'application/json' }], [401, { 'content-type': 'application/json' }], [415, { authorization, 'content-type': 'text/plain' }]] as const

  for (const [status, headers] of wanted) {
    const response = await fetch(`${url}/v1/jobs`, { method: 'POST', headers: { ...headers, connection: 'close' }, body })
    assert.equal(response.status, status)
    assert.equal((await response.json() as { status: number }).status, status) // a problem
  }
})
