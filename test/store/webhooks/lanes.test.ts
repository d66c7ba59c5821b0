import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newId } from '../../../src/core/ids.ts'
import { deleteJob } from '../../../src/store/delete.ts'
import { accept } from '../../../src/store/moves/accept.ts'
import { cancel } from '../../../src/store/moves/cancel.ts'
import { saveWebhookBounds, type WebhookBounds } from '../../../src/store/webhooks/bounds.ts'
import { expireDeliveries, redeliver } from '../../../src/store/webhooks/deliveries.ts'
import { createEndpoint, deleteEndpoint, updateEndpoint } from '../../../src/store/webhooks/endpoints.ts'
import { testEndpoint } from '../../../src/store/webhooks/trial.ts'
import { beginTry, settleTry, stepWebhooks, type TryEnd, type TryRef, type WebhookTry } from '../../../src/store/webhooks/tries.ts'
import { createRandom } from '../../helpers/seeded-random.ts'
import { openStore, request, RETENTION_MS } from '../../helpers/store.ts'
import { CHANGE } from '../../helpers/webhooks.ts'

const SEEDS = [1, 3]
const MOVES = 300
const IDLE_STEPS = 10
const TENANTS = ['acme', 'other'] as const
const BOUNDS: WebhookBounds = { owedBytes: 40 * 1400, logEntries: 1000, retentionMs: 60_000, giveUpMs: 60_000, endpointTries: 2, tenantTries: 3 }
const CIRCUIT = { failures: 3, openMs: 1, openMaxMs: 4 }
const END: TryEnd = { outcome: 'succeeded', entry: { startedAt: 1, latencyMs: 2, status: 200, error: null, answer: '' }, url: 'https://example.com/', delayMs: null, restMs: 0, body: null }

type Db = Awaited<ReturnType<typeof openStore>>

/** Everything that may be done to webhooks, by whatever comes first, with messages that come twice, late or never. */
class Play {
  readonly #db: Db
  readonly #random: () => number
  readonly #jobs: { id: string, tenant: string }[] = []
  readonly #endpoints: { id: string, tenant: string }[] = []
  readonly #messages: TryRef[] = []
  readonly #tries: WebhookTry[] = []
  readonly acts: string[] = []

  constructor (db: Db, seed: number) {
    this.#db = db
    this.#random = createRandom(seed)
  }

  #pick<T> (from: readonly T[]): T | undefined {
    return from[Math.floor(this.#random() * from.length)]
  }

  #number (most: number): number {
    return Math.floor(this.#random() * (most + 1))
  }

  async #comeDue (index: string): Promise<void> {
    for (const id of await this.#db.redis.zrange(index, 0, '-1')) await this.#db.redis.zadd(index, 1, id)
  }

  /** What is dealt comes to somebody, twice, or is lost. */
  #give (deals: readonly TryRef[]): void {
    for (const ref of deals) {
      const copies = this.#random() < 0.15 ? 0 : this.#random() < 0.1 ? 2 : 1
      for (let i = 0; i < copies; i++) this.#messages.push(ref)
    }
  }

  readonly #moves: Record<string, () => Promise<unknown>> = {
    endJob: async () => {
      const [id, tenant] = [newId('job'), this.#pick(TENANTS) ?? '']
      const webhook = this.#random() < 0.4 ? { webhook: { url: `https://${this.#number(2)}.example.com/` } } : {}
      await accept(this.#db, { id, tenant, request: request(webhook), traceparent: null })
      await cancel(this.#db, tenant, id, RETENTION_MS)
      this.#jobs.push({ id, tenant })
    },
    deleteJob: async () => {
      const job = this.#pick(this.#jobs)
      if (job) await deleteJob(this.#db, job.tenant, job.id, CHANGE)
    },
    createEndpoint: async () => {
      if (this.#endpoints.length >= 8) return
      const tenant = this.#pick(TENANTS) ?? ''
      const { endpoint } = await createEndpoint(this.#db, { tenant, url: 'https://example.com/', events: ['job.cancelled'], headers: {}, description: '', enabled: this.#random() < 0.8 }, CHANGE)
      this.#endpoints.push({ id: endpoint.id, tenant })
    },
    deleteEndpoint: async () => {
      const [endpoint] = this.#endpoints.splice(this.#number(this.#endpoints.length), 1)
      if (endpoint) await deleteEndpoint(this.#db, endpoint.tenant, endpoint.id, CHANGE)
    },
    changeEndpoint: async () => {
      const endpoint = this.#pick(this.#endpoints)
      const change = this.#pick([{ enabled: true }, { enabled: false }, { url: 'https://example.org/' }]) ?? {}
      if (endpoint) await updateEndpoint(this.#db, endpoint.tenant, endpoint.id, change, CHANGE)
    },
    testEndpoint: async () => {
      const endpoint = this.#pick(this.#endpoints)
      if (endpoint) await testEndpoint(this.#db, endpoint.tenant, endpoint.id)
    },
    step: async () => { this.#give((await stepWebhooks(this.#db, 1 + this.#number(3))).deals) },
    payDebts: async () => {
      await this.#comeDue(this.#db.keys.webhookOwed)
      this.#give((await stepWebhooks(this.#db, 100)).deals)
    },
    begin: async () => {
      const ref = this.#pick(this.#messages)
      if (!ref) return
      if (this.#random() < 0.8) this.#messages.splice(this.#messages.indexOf(ref), 1)
      const answer = await beginTry(this.#db, ref, { leaseMs: this.#pick([0, 60_000]) ?? 0 })
      this.#give(answer.deals)
      if (answer.type === 'try') this.#tries.push(answer.begun)
    },
    settle: async () => {
      const begun = this.#pick(this.#tries)
      if (!begun) return
      if (this.#random() < 0.8) this.#tries.splice(this.#tries.indexOf(begun), 1)
      const failed: TryEnd = { ...END, outcome: 'failed', delayMs: this.#pick([0, 2, null]) ?? null, restMs: this.#pick([0, 0, 3]) ?? 0, body: this.#random() < 0.3 ? Buffer.alloc(100) : null }
      const end = this.#pick<TryEnd>([END, END, failed, failed, failed, { ...END, outcome: 'removed' }, { ...END, outcome: this.#random() < 0.3 ? 'gone' : 'failed' }])
      const settled = await settleTry(this.#db, begun, end ?? END, CIRCUIT)
      if (settled.type === 'settled') this.#give(settled.deals)
    },
    redeliver: async () => {
      const tenant = this.#pick(TENANTS) ?? ''
      const id = this.#pick(await this.#db.redis.zrange(this.#db.keys.deliveries(tenant), 0, '-1'))
      if (id) await redeliver(this.#db, tenant, id)
    },
    expire: async () => {
      const id = this.#pick(await this.#db.redis.zrange(this.#db.keys.webhookPending, 0, '-1'))
      if (id) await this.#db.redis.zadd(this.#db.keys.webhookPending, 1, id)
      await expireDeliveries(this.#db, 10)
    },
    changeBounds: () => saveWebhookBounds(this.#db, { ...BOUNDS, endpointTries: 1 + this.#number(2), tenantTries: 1 + this.#number(5) }),
  }

  async move (): Promise<void> {
    const often = ['endJob', 'endJob', 'endJob', 'begin', 'begin', 'begin', 'begin', 'settle', 'settle', 'settle', 'settle', 'step', 'step', 'payDebts']
    const name = this.#pick([...Object.keys(this.#moves), ...often]) ?? ''
    this.acts.push(name)
    await this.#moves[name]?.()
  }

  /** All receivers are back, and no message is lost any more: delivers what the moves hand out, until there is nothing for so many steps. */
  async deliverAll (): Promise<void> {
    for (const { tenant, id } of this.#endpoints) await updateEndpoint(this.#db, tenant, id, { enabled: true }, CHANGE)
    for (const index of [this.#db.keys.webhookLeases, this.#db.keys.webhookScheduled]) await this.#comeDue(index)
    for (let idle = 0; idle < IDLE_STEPS;) {
      await this.#comeDue(this.#db.keys.webhookOwed)
      const refs = (await stepWebhooks(this.#db, 100)).deals
      const held = (await this.#db.redis.zrangebyscore(this.#db.keys.webhookHeld, '-inf', '(+inf')).length
      idle = refs.length + held > 0 ? 0 : idle + 1
      for (const ref of refs) {
        const answer = await beginTry(this.#db, ref, { leaseMs: 60_000 })
        if (answer.type === 'try') await settleTry(this.#db, answer.begun, END, CIRCUIT)
      }
    }
  }
}

/** What must hold after every move: each delivery that is pending is in one place, and something leads there; and what is counted is what there is. */
async function check (db: Db): Promise<void> {
  const { redis, keys } = db
  const members = (key: string) => redis.zrange(key, 0, '-1')
  const [ring = [], held = [], scheduled = [], owed = [], leases = [], pending = []] = await Promise.all([keys.webhookRing, keys.webhookHeld, keys.webhookScheduled, keys.webhookOwed, keys.webhookLeases, keys.webhookPending].map(members))
  const deliveries = await Promise.all(pending.map(async (id) => {
    const [tenant = '', lane = '', bytes, status] = (await redis.hmget(keys.delivery(id), 'tenant', 'lane', 'bytes', 'status')).map((each) => each ?? '')
    return { id, tenant, lane, bytes: Number(bytes), status, isDealt: owed.includes(id) || leases.includes(id) }
  }))
  const sorted = (of: typeof deliveries) => of.filter(({ isDealt }) => isDealt).map(({ id }) => id).toSorted()
  await Promise.all([...Map.groupBy(deliveries, ({ lane }) => lane)].map(async ([lane, own]) => {
    const tenant = own[0]?.tenant ?? ''
    const [waiting, flight] = await Promise.all([members(keys.lane(lane)), redis.smembers(keys.laneFlight(lane))])
    for (const { id, status, isDealt } of own) {
      assert.equal(status, 'pending')
      assert.equal([waiting.includes(id), scheduled.includes(id), isDealt].filter(Boolean).length, 1, `${id} is in one place`)
    }
    assert.deepEqual(flight.toSorted(), sorted(own))
    if (waiting.length === 0 || ring.includes(lane) || held.includes(lane) || flight.length > 0) return
    const parked = await Promise.all(['', ':doubtful'].map((which) => redis.sismember(`${keys.prefix}:webhook-parked:${tenant}${which}`, lane)))
    assert.ok(parked.includes(1) && (ring.some((each) => each.startsWith(`${tenant}:`)) || deliveries.some((each) => each.isDealt && each.tenant === tenant)), `Nothing leads to ${lane}`)
  }))
  for (const tenant of TENANTS) {
    const own = deliveries.filter((each) => each.tenant === tenant)
    assert.equal(Number(await redis.hget(keys.webhookBytes, tenant) ?? 0), own.reduce((sum, { bytes }) => sum + bytes, 0))
    assert.deepEqual((await redis.smembers(`${keys.prefix}:webhook-flight:${tenant}`)).toSorted(), sorted(own))
  }
}

for (const seed of SEEDS) {
  test(`whatever is done to webhooks in whatever order, everything owed is reached, and is delivered in the end (seed ${seed})`, async (t) => {
    const db = await openStore(t)
    await saveWebhookBounds(db, BOUNDS)
    const play = new Play(db, seed)

    for (let i = 0; i < MOVES; i++) {
      await play.move()
      await check(db).catch((error: unknown) => { throw new Error(`After move ${i}: ${play.acts.slice(-8).join(', ')}`, { cause: error }) })
    }
    await saveWebhookBounds(db, BOUNDS)
    await play.deliverAll()

    assert.deepEqual(await db.redis.zrange(db.keys.webhookPending, 0, '-1'), [])
    assert.deepEqual(await db.redis.hgetall(db.keys.webhookBytes), {})
  })
}
