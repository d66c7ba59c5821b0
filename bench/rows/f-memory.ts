import { setTimeout as wait } from 'node:timers/promises'
import { createJobClient, waitUntilArchived } from '../jobs.ts'
import { readRss, type Role } from '../processes.ts'
import type { Bench, Figure, Row } from '../row.ts'
import { startService, type BenchService } from '../service.ts'
import { median } from '../statistics.ts'

const WARM_UP_JOBS = 50
const SOME = 2000
const MANY = 20_000
const STEP = 2000
/** Allocators and collectors give memory back when nothing happens for a while. */
const REST_MS = 3000
const SAMPLES = 5
const SAMPLE_MS = 200
const MB = 1_048_576
const MEASURED = ['api', 'worker', 'runners'] as const satisfies Role[]

/** Memory, and whether it grows with the jobs that went by. */
export const memory: Row = {
  id: 'f',
  title: 'Memory of the processes as jobs go by, and what a finished job leaves in Redis',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing)
    const client = createJobClient(service)
    closing.defer(() => client.close())
    const idle = await sampleRss(service)

    await client.runMany(WARM_UP_JOBS)
    await waitUntilArchived(service)
    const emptyBytes = await readRedisBytes(service)
    await client.runMany(SOME)
    await waitUntilArchived(service)
    const jobBytes = (await readRedisBytes(service) - emptyBytes) / SOME
    const after = await sampleRss(service)
    const figures: Figure[] = [
      { name: 'Redis per finished job, all of it', value: jobBytes, unit: 'bytes' },
      ...await measureKeys(service),
      ...rssFigures('idle', idle),
      ...rssFigures(`after ${SOME} jobs`, after),
    ]
    return bench.full ? [...figures, ...await measureMany(bench, service, { after, runMany: (count) => client.runMany(count) })] : figures
  },
}

async function measureMany (bench: Bench, service: BenchService, { after, runMany }: { after: Record<Role, number>, runMany (count: number): Promise<unknown> }): Promise<Figure[]> {
  for (let done = SOME; done < MANY; done += STEP) {
    await runMany(STEP)
    bench.note(`  ${done + STEP} jobs`)
  }
  await waitUntilArchived(service)
  const late = await sampleRss(service)
  return [
    ...MEASURED.map((role): Figure => (
      { name: `${role}: after ${MANY} ÷ after ${SOME} jobs`, value: late[role] / after[role], unit: 'ratio', target: { type: 'at most', value: 1.3 } }
    )),
    ...rssFigures(`after ${MANY} jobs`, late),
  ]
}

async function sampleRss ({ pids }: BenchService): Promise<Record<Role, number>> {
  await wait(REST_MS)
  const samples: Record<Role, number>[] = []
  while (samples.length < SAMPLES) {
    samples.push(readRss(pids))
    await wait(SAMPLE_MS)
  }
  const of = (role: Role) => median(samples.map((sample) => sample[role]))
  return { api: of('api'), worker: of('worker'), runners: of('runners'), compilers: of('compilers'), redis: of('redis') }
}

function rssFigures (when: string, rss: Record<Role, number>): Figure[] {
  return Object.entries(rss).map(([role, bytes]) => ({ name: `RSS ${when}: ${role}`, value: bytes / MB, unit: 'MB' }))
}

async function readRedisBytes ({ db }: BenchService): Promise<number> {
  const [, bytes] = /^used_memory:(\d+)/m.exec(await db.redis.info('memory')) ?? []
  return Number(bytes)
}

/** Where the bytes of a finished job are; what is missing to the whole is in indexes and in what BullMQ keeps. */
async function measureKeys ({ db }: BenchService): Promise<Figure[]> {
  const JOBS = 50
  const ids = await db.redis.zrevrange(db.keys.jobs('default'), 0, JOBS - 1)
  const kinds = { 'record with history': db.keys.job, trace: db.keys.trace }
  return Promise.all(Object.entries(kinds).map(async ([kind, key]): Promise<Figure> => {
    const sizes = await Promise.all(ids.map((id) => db.redis.memory('USAGE', key(id), 'SAMPLES', 0)))
    return { name: `Redis per finished job: ${kind}`, value: median(sizes.map((size) => size ?? 0)), unit: 'bytes' }
  }))
}
