import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { JobView } from '../../src/core/job.ts'
import { isTerminal, JobStatus } from '../../src/core/status.ts'
import { buildClient, type Answer, type Client } from '../helpers/client.ts'
import { wholeHistory } from '../helpers/load.ts'
import { until } from '../helpers/until.ts'
import { kindAt, type Kind } from './jobs.ts'
import { PREFIX, type World } from './world.ts'

const AT_ONCE = 24
const AGAIN_MS = 200
/** Every answer but this one, and none at all, has to be right. */
const OUTAGE = 503
/** Every answer is there within that, on top of what the request asks to wait for: the service holds nobody up for a Redis that is away. */
const ANSWER_MS = 20_000
const WAIT_SECONDS = 5
const CANCEL_AFTER_MS = 100
/** How long the service may take to have ended every job once nothing breaks any more. */
const END_MS = 120_000
const TERMINAL_WORDS = new Set(JobStatus.options.filter(isTerminal).map((status) => `job.${status}`))

interface Entry {
  id: string
  index: number
  kind: Kind
  /** When it ended, as the client was told first. */
  finishedAt: string | null
}

export interface Tally {
  jobs: number
  runs: number
  lost: number
  crashes: number
  notes: number
  /** Jobs whose end was forgotten with a primary after a client was told, so that they ended again. */
  endedAgain: number
}

/** Posts jobs as a client that never gives up, writes down what was acknowledged, and settles accounts at the end. */
export class Ledger {
  readonly #world: World
  readonly #client: Client
  readonly #entries: Entry[] = []
  ended = 0

  constructor (world: World) {
    this.#world = world
    this.#client = buildClient(world.url, world.key)
  }

  /** Posts that many jobs and waits for the end of each; some at a time, and each once it may be posted. */
  async play (count: number, { random, mayPost }: { random: () => number, mayPost (index: number): boolean }): Promise<void> {
    const kinds = Array.from({ length: count }, () => kindAt(random() * 100))
    let next = 0
    const playOn = async () => {
      while (next < count) {
        const index = next++
        while (!mayPost(index)) await wait(AGAIN_MS / 10)
        await this.#playOne(index, kinds[index]!) // as many as there are numbers
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, playOn))
  }

  async #playOne (index: number, kind: Kind): Promise<void> {
    // The same key with every try: whether an answer was lost on the way does not matter.
    const { json } = await this.#ask('POST', '/v1/jobs', { body: kind.body(index), headers: { 'idempotency-key': `job-${index}` } })
    const id = String(json['id'])
    const entry: Entry = { id, index, kind, finishedAt: null }
    this.#entries.push(entry)
    if (kind.cancelled) {
      await wait(CANCEL_AFTER_MS)
      await this.#ask('POST', `/v1/jobs/${id}/cancel`)
    }
    entry.finishedAt = (await this.#end(id)).finishedAt
    this.ended += 1
  }

  async #end (id: string): Promise<JobView> {
    const deadline = Date.now() + END_MS
    for (;;) {
      const { json } = await this.#ask('GET', `/v1/jobs/${id}?wait=${WAIT_SECONDS}`)
      const job = json as unknown as JobView // the service's own answer
      if (isTerminal(job.status)) return job
      assert.ok(Date.now() < deadline, `${id} did not end within ${END_MS} ms: ${JSON.stringify(job)}`)
    }
  }

  /** Every job as it is once it has ended, some at a time. */
  async #endAll (): Promise<JobView[]> {
    const jobs: JobView[] = []
    const entries = this.#entries.entries()
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (const [place, { id }] of entries) jobs[place] = await this.#end(id)
    }))
    return jobs
  }

  /** Asks until there is an answer that is no outage. */
  async #ask (method: string, path: string, options: { body?: unknown, headers?: Record<string, string> } = {}): Promise<Answer> {
    for (;;) {
      const askedAt = performance.now()
      const answer = await this.#client.request(method, path, options).catch(() => undefined)
      const tookMs = performance.now() - askedAt
      assert.ok(tookMs < ANSWER_MS + WAIT_SECONDS * 1000, `${method} ${path} took ${tookMs} ms`)
      if (answer && answer.status !== OUTAGE) {
        assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`)
        return answer
      }
      if (answer) assert.ok(answer.headers.has('retry-after'), `${method} ${path}: ${answer.text}`)
      await wait(AGAIN_MS)
    }
  }

  /** Proves that every acknowledged job ended once and as it should, in a history without a gap, and that nothing is left over. */
  async settle (): Promise<Tally> {
    await until('the service is back', async () => (await this.#client.request('GET', '/readyz')).status === 200)
    const tally: Tally = { jobs: this.#entries.length, runs: 0, lost: 0, crashes: 0, notes: 0, endedAgain: 0 }
    assert.equal(new Set(this.#entries.map(({ id }) => id)).size, tally.jobs, 'every number is another job')
    const jobs = await this.#endAll()
    const notes = this.#readNotes()
    for (const [place, entry] of this.#entries.entries()) {
      const job = jobs[place]! // as many as there are entries
      entry.kind.check(job, entry.index)
      await this.#checkHistory(job, tally)
      const runs = job.attempts.reduce((sum, attempt) => sum + attempt.runs.length, 0)
      const written = notes.get(entry.id) ?? []
      this.#checkNotes(entry, written.map(({ ms }) => ms), runs)
      entry.kind.checkNotes?.(written.map(({ text }) => text), entry.id)
      tally.runs += runs
      tally.notes += written.length
      if (job.finishedAt !== entry.finishedAt) tally.endedAgain += 1
    }
    assert.ok(tally.endedAgain === 0 || this.#world.redis.lost.length > 0, `${tally.endedAgain} jobs ended twice`)
    await this.#checkLeftovers()
    await this.#checkKv()
    return tally
  }

  async #checkHistory (job: JobView, tally: Tally): Promise<void> {
    const events = await wholeHistory(this.#client, job.id)
    assert.equal(events.filter(({ type }) => TERMINAL_WORDS.has(type)).length, 1, job.id)
    assert.equal(events.at(-1)?.type, `job.${job.status}`)
    const saves = events.filter(({ type }) => type === 'job.checkpoint').map(({ payload }) => payload['number'])
    assert.deepEqual(saves, saves.map((_, index) => index + 1), `${job.id}: every save has its number`)
    const lost = events.filter(({ type }) => type === 'job.lost')
    const started = events.filter(({ type }) => type === 'job.started').length
    const runs = job.attempts.reduce((sum, attempt) => sum + attempt.runs.length, 0)
    assert.equal(started, runs, `${job.id}: every run has its start`)
    tally.lost += lost.length
    tally.crashes += lost.filter(({ payload }) => payload['reason'] === 'crash').length
  }

  /**
   * The run that the job ended with has noted, and no run more than once. A run that was forgotten with a primary is in no record, but what it
   * did outside is done: so notes of that time may be more than the runs.
   */
  #checkNotes ({ id, kind }: Entry, times: readonly number[], runs: number): void {
    const [least, most] = kind.notes?.(runs) ?? [0, 0]
    const forgotten = times.filter((ms) => this.#world.redis.lost.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs)).length
    assert.ok(times.length >= least && times.length - forgotten <= most, `${id} wrote ${times.length} notes in ${runs} runs, ${forgotten} of them while a primary was being lost`)
  }

  /** The notes of each job, in the order they were written. */
  #readNotes (): Map<string, { ms: number, text: string }[]> {
    const notes = new Map<string, { ms: number, text: string }[]>()
    for (const line of readFileSync(this.#world.notes, 'utf8').split('\n').filter(Boolean)) {
      const [id = '', ms, , ...words] = line.split(' ')
      notes.set(id, [...notes.get(id) ?? [], { ms: Number(ms), text: words.join(' ') }])
    }
    return notes
  }

  /** Of everything that only a job under way has, nothing may be left, and nothing may belong to a job that nobody was told of. */
  async #checkLeftovers (): Promise<void> {
    const { client } = this.#world.redis.primary
    const known = new Set(this.#entries.map(({ id }) => id))
    const leftovers = async () => {
      const keys: string[] = []
      for await (const page of client.scanStream({ match: `${PREFIX}:*`, count: 1000 })) keys.push(...page as string[])
      const names = keys.map((key) => key.slice(PREFIX.length + 1))
      return names.filter((name) => {
        const [kind = '', id = ''] = name.split(':')
        if (['running', 'owed', 'scheduled', 'events', 'waiting', 'dealing', 'dealt'].includes(kind)) return true
        if (kind === 'queue') return /job_/.test(name) || /:(?:active|wait|delayed|prioritized|stalled)$/.test(name)
        return ['job', 'payload', 'history', 'trace', 'checkpoint'].includes(kind) && !known.has(id)
      })
    }
    let left: string[] = []
    await until('nothing is left over', async () => (left = await leftovers()).length === 0, 30_000).catch(() => assert.deepEqual(left, []))
  }

  /** What code keeps is counted to the byte, and listed to the entry. */
  async #checkKv (): Promise<void> {
    const { client } = this.#world.redis.primary
    const [{ '': counted = '0', ...entries }, names] = await Promise.all([client.hgetall(`${PREFIX}:kv:default`), client.zrange(`${PREFIX}:kv-names:default`, 0, '-1')])
    assert.deepEqual(names.toSorted(), Object.keys(entries).toSorted())
    assert.equal(Number(counted), Object.entries(entries).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0))
  }
}
