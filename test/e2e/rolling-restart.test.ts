import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test, type TestContext } from 'node:test'
import { isTerminal } from '../../src/core/status.ts'
import { buildClient, type Client } from '../helpers/client.ts'
import { startCollector, type Collected } from '../helpers/collector.ts'
import { freePort } from '../helpers/free-port.ts'
import { INHERITED } from '../helpers/inherited.ts'
import { startNginx, type Nginx } from '../helpers/nginx.ts'
import { redisForTest } from '../helpers/redis.ts'
import { KEY, SMALL, startPart, type Env, type Part, type ServiceProcess } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

/** Clients that each post, follow and read one job after the other. */
const CLIENTS = 4
/** Jobs that must have ended after each restart before the next. */
const JOBS_BETWEEN = 10
/** Long enough for most requests to be long polls, and for the processors to have time left to start processes. */
const WORK_MS = 200
const MOST_PROBLEMS = 50
/** Longer than `keepalive_timeout` in ops/nginx/nginx.conf. */
const LINGER_MS = '3000'

const code = `export default async (n) => { console.log("in", n); await new Promise((r) => setTimeout(r, ${WORK_MS})); return n }`

test('all processes are restarted in turn under load, and no job fails, no request is refused or broken', async (t) => {
  const fleet = await startFleet(t)
  const load = startLoad(buildClient(fleet.nginx.url, KEY))
  await load.more(JOBS_BETWEEN)

  for (const machine of fleet.machines) {
    await Promise.all(machine.map((part) => part.restart()))
    await load.more(JOBS_BETWEEN)
  }
  const jobs = await load.stop()

  assert.deepEqual(load.problems, [])
  assert.deepEqual(jobs.filter(({ wanted, status, result }) => status !== 'succeeded' || result !== wanted), [])
  assert.deepEqual(fleet.nginx.accesses().filter(({ status }) => status >= 500), [])
  await Promise.all(fleet.machines.flat().map((part) => part.stop()))
  assert.deepEqual(fleet.instances.filter((instance) => !hasToldOf(fleet.collected, instance)), [], 'processes whose spans did not arrive')
})

interface Fleet {
  nginx: Nginx
  collected: readonly Collected[]
  /** An API and a worker on each. */
  machines: Kept[][]
  /** What every process that was started calls itself in its spans. */
  instances: string[]
}

interface Kept {
  /** Has the process stop, which must end with 0. */
  stop (): Promise<void>
  restart (): Promise<void>
}

/** The topology of docker-compose.yml as plain processes: nginx, two APIs, two workers, a collector, a Redis. */
async function startFleet (t: TestContext): Promise<Fleet> {
  const [{ url: REDIS_URL, prefix }, collector, ports] = await Promise.all([redisForTest(t), startCollector(t), Promise.all([freePort(), freePort()])])
  const shared = {
    ...SMALL, ...INHERITED, REDIS_URL, BATCHBOX_PREFIX: prefix, BATCHBOX_ADMIN_KEY: KEY, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
  }
  const instances: string[] = []
  const start = async (part: Part, env: Env): Promise<ServiceProcess> => {
    const process = await startPart(t, part, { ...shared, ...env })
    instances.push(`-${process.pid}`)
    return process
  }
  const keep = async (part: Part, env: Env = {}, serves: () => Promise<void> = async () => {}): Promise<Kept> => {
    let current = await start(part, env)
    const stop = async () => {
      process.kill(current.pid, 'SIGTERM')
      assert.equal(await current.ended, 'ended with code 0')
    }
    return {
      stop,
      async restart () {
        await stop()
        current = await start(part, env)
        await serves()
      },
    }
  }

  const nginx = await startNginx(t, ports)
  const serves = (port: number) => () => {
    const before = nginx.accesses().length
    return until(`nginx has requests answered by port ${port} again`, () => nginx.accesses().slice(before).some(({ upstream, upstreamStatus }) => upstream.endsWith(`:${port}`) && upstreamStatus === '200'))
  }
  const machines = await Promise.all(ports.map((port) => Promise.all([
    keep('api', { PORT: String(port), BATCHBOX_LINGER_MS: LINGER_MS }, serves(port)),
    keep('worker'),
  ])))
  return { nginx, collected: collector.collected, machines, instances }
}

/** Their spans carry the instance as plain text among bytes. */
function hasToldOf (collected: readonly Collected[], instance: string): boolean {
  return collected.some(({ path, body }) => path === '/v1/traces' && body.includes(instance))
}

interface EndedJob {
  wanted: number
  status: string
  result: unknown
}

interface Load {
  problems: string[]
  /** Resolves when so many more jobs have ended, or something went wrong. */
  more (count: number): Promise<void>
  /** Lets the jobs that were posted end. */
  stop (): Promise<EndedJob[]>
}

/** Constant load on connections that are kept alive: posts with a key and without, posts that wait, long polls, reads. */
function startLoad (client: Client): Load {
  const jobs: EndedJob[] = []
  const problems: string[] = []
  let next = 0
  let isStopping = false

  async function runOne (): Promise<void> {
    const wanted = next
    next += 1
    const headers = { ...(wanted % 2 ? { 'idempotency-key': randomUUID() } : {}), ...(wanted % 3 ? {} : { prefer: 'wait=10' }) }
    let { id, status, result } = await client.post({ code, input: wanted }, headers)
    while (!isTerminal(status)) {
      const { json } = await get(`/v1/jobs/${id}?wait=10`)
      ;({ status, result } = json as unknown as typeof jobs[number] & { status: typeof status }) // the service's own answer
    }
    await Promise.all([get(`/v1/jobs/${id}/logs`), get(`/v1/jobs/${id}/events`), get('/v1/jobs?limit=5')])
    jobs.push({ wanted, status, result })
  }

  async function get (path: string) {
    const answer = await client.request('GET', path)
    assert.equal(answer.status, 200, `${path}: ${answer.text}`)
    return answer
  }

  const clients = Array.from({ length: CLIENTS }, async () => {
    while (!isStopping && problems.length < MOST_PROBLEMS) {
      await runOne().catch((error: Error) => problems.push(`${error.message} ${String(error.cause ?? '')}`))
    }
  })
  return {
    problems,
    async more (count) {
      const goal = jobs.length + count
      await until(`${count} more jobs have ended`, () => jobs.length >= goal || problems.length > 0)
    },
    async stop () {
      isStopping = true
      await Promise.all(clients)
      return jobs
    },
  }
}
