import assert from 'node:assert/strict'
import type { JobView } from '../../src/core/job.ts'

/** A job of the load: what is posted, and what must have become of it. */
export interface Kind {
  /** How many of a hundred jobs are of this kind. */
  share: number
  body (index: number): Record<string, unknown>
  /** Cancelled by the client a while after it was posted. */
  cancelled?: true
  check (job: JobView, index: number): void
  /** Least and most lines that its tool wrote, for so many runs of its attempts. */
  notes? (runs: number): [least: number, most: number]
  /** Looks at the lines themselves, in the order they were written. */
  checkNotes? (texts: readonly string[], jobId: string): void
}

/** Faults are no fault of the jobs': none may die of them. */
const retry = { maxCrashes: 20, maxLost: 100 }

/** Saves of one job. */
const STEPS = 4

function assertResult (job: JobView, result: unknown): void {
  assert.deepEqual([job.status, job.result], ['succeeded', result], `${job.id}: ${JSON.stringify(job.error)}`)
}

export const KINDS: Readonly<Record<string, Kind>> = {
  quick: {
    share: 25,
    body: (index) => ({ code: 'export default (n) => n * 2', input: index, retry }),
    check: (job, index) => assertResult(job, index * 2),
  },
  slow: {
    share: 15, // most of the time it is one of these that a fault meets
    body: (index) => ({ code: 'export default async (n) => { for (let i = 0; i < 5; i++) { console.log("step", i); await new Promise((r) => setTimeout(r, 60)) } return n }', input: index, retry }),
    check: (job, index) => assertResult(job, index),
  },
  noting: {
    share: 15,
    body: (index) => ({ code: 'export default async (n) => { await note.write(); await new Promise((r) => setTimeout(r, 20)); return n }', input: index, tools: ['note'], retry }),
    check: (job, index) => assertResult(job, index),
    notes: (runs) => [1, runs],
  },
  saving: {
    share: 10,
    body: (index) => ({
      code: `const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
        async function save (checkpoint, state) { for (;;) try { return await checkpoint.save(state) } catch { await rest(50) } }
        export default async (n, { checkpoint }) => {
          const state = await checkpoint.load() ?? { at: 0 }
          await note.write('loaded ' + state.at)
          while (state.at < ${STEPS}) {
            state.at += 1
            await save(checkpoint, state)
            await note.write('saved ' + state.at)
            await rest(40)
          }
          return [n, state.at]
        }`,
      input: index, tools: ['note'], limits: { toolCalls: 10_000 }, retry,
    }),
    check: (job, index) => assertResult(job, [index, STEPS]),
    notes: (runs) => [1, (STEPS + 1) * runs],
    /** No run goes on behind what was acknowledged to one before, whatever was lost in between. */
    checkNotes (texts, jobId) {
      let saved = 0
      for (const [word, at] of texts.map((text) => text.split(' '))) {
        if (word === 'loaded') assert.ok(Number(at) >= saved, `${jobId} went on behind what it had saved: ${texts.join(', ')}`)
        else saved = Math.max(saved, Number(at))
      }
    },
  },
  counting: {
    share: 5,
    body: (index) => ({
      code: `const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
        async function read (key) { for (;;) try { return await kv.get(key) ?? 0 } catch { await rest(50) } }
        export default async (n) => {
          const key = 'counted by ' + n
          const before = await read(key)
          for (;;) try { return await kv.increment(key) } catch {
            await rest(50)
            const count = await read(key) // it may have been done
            if (count > before) return count
          }
        }`,
      input: index, tools: ['kv'], limits: { toolCalls: 10_000 }, retry,
    }),
    /** No run has counted twice, whether or not it was told that it had counted. */
    check (job) {
      const runs = job.attempts.reduce((sum, attempt) => sum + attempt.runs.length, 0)
      assertResult(job, job.result)
      assert.ok(Number(job.result) >= 1 && Number(job.result) <= runs, `${job.id} counted ${String(job.result)} in ${runs} runs`)
    },
  },
  retried: {
    share: 10,
    body: (index) => ({
      code: 'export default (n, { attempt }) => { if (attempt < 3) throw new Error("not yet"); return [n, attempt] }',
      input: index,
      retry: { ...retry, attempts: 5, backoff: { type: 'fixed', delayMs: 50, jitter: 0 } },
    }),
    check (job, index) {
      assertResult(job, [index, 3])
      assert.deepEqual(job.attempts.map(({ number }) => number), [1, 2, 3], job.id)
    },
  },
  failing: {
    share: 5,
    body: () => ({ code: 'export default () => { throw new Error("as it should") }', retry }),
    check (job) {
      assert.deepEqual([job.status, job.error?.code, job.attempts.length], ['failed', 'USER_ERROR', 1], job.id)
    },
  },
  delayed: {
    share: 5,
    body: (index) => ({ code: 'export default (n) => n', input: index, delayMs: 500, retry }),
    check (job, index) {
      assertResult(job, index)
      assert.ok(Date.parse(job.startedAt ?? '') - Date.parse(job.createdAt) >= 499, `${job.id} started before its time`)
    },
  },
  overTime: {
    share: 3,
    body: () => ({ code: 'export default () => { for (;;); }', limits: { timeoutMs: 100 }, retry }),
    check (job) {
      assert.deepEqual([job.status, job.error?.code], ['failed', 'TIMEOUT'], job.id)
    },
  },
  cancelled: {
    share: 5,
    cancelled: true,
    body: () => ({ code: 'export default () => new Promise(() => {})', limits: { timeoutMs: 600_000 }, retry }),
    check (job) {
      assert.equal(job.status, 'cancelled', job.id)
    },
  },
  low: {
    share: 2,
    body: (index) => ({ code: 'export default (n) => n', input: index, priority: 'low', retry }),
    check: (job, index) => assertResult(job, index),
  },
}

/** The kind of a number between 0 and 100. */
export function kindAt (percent: number): Kind {
  let left = percent
  for (const kind of Object.values(KINDS)) {
    left -= kind.share
    if (left < 0) return kind
  }
  throw new RangeError(`Cannot find a kind at ${percent}: the shares do not make a hundred`)
}
