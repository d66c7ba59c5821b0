import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { FAILURES, type FailureCode } from '../../core/failures.ts'
import { JobStatus } from '../../core/status.ts'
import { readStats, type StatsWindow } from '../../store/stats.ts'
import type { JobService } from '../job-service.ts'
import { withProblems } from '../problem.ts'

const MINUTE_MS = 60_000
const codes = Object.keys(FAILURES) as [FailureCode, ...FailureCode[]] // the keys of a closed, non-empty table
const time = z.iso.datetime()
const count = z.number().int()

const Window = z.object({
  since: time.describe('Five minutes of the last hour, or whole hours of the last day, are counted together'),
  accepted: count.describe('Jobs made since then that are still kept'),
  ended: z.partialRecord(JobStatus, count),
  perMinute: z.object({ accepted: z.number(), ended: z.number() }),
  failures: z.array(z.object({ code: z.enum(codes), count })).describe('By code, the most frequent first'),
  slowest: z.array(z.object({ id: z.string(), status: JobStatus, finishedAt: time, durationMs: z.number() })).describe('From their first run on; of each hour, ten that took 100 ms or more are remembered'),
})

const Stats = z.object({
  time,
  depths: z.record(JobStatus, count).describe('Jobs that are kept, by state'),
  lastHour: Window,
  lastDay: Window,
})

/** A tenant's figures for people: what happened in the last hour and the last day, and what there is. */
export const statsRoutes: FastifyPluginAsyncZod<{ jobs: JobService }> = async (app, { jobs }) => {
  app.get('/v1/stats', {
    config: { access: 'jobs:read' },
    schema: {
      tags: ['jobs'],
      summary: 'Rates, depths, failures and slowest jobs',
      querystring: z.strictObject({}),
      response: withProblems({ 200: Stats }),
    },
  }, async ({ caller }) => {
    const stats = await readStats(jobs.db, caller.tenant)
    return {
      time: new Date(stats.time).toISOString(),
      depths: stats.depths,
      lastHour: showWindow(stats.lastHour, stats.time),
      lastDay: showWindow(stats.lastDay, stats.time),
    }
  })
}

function showWindow ({ since, accepted, ended, slowest }: StatsWindow, now: number): z.infer<typeof Window> {
  const minutes = Math.max(1, (now - since) / MINUTE_MS)
  const rate = (jobs: number) => Math.round(jobs / minutes * 100) / 100
  const sumBy = <K extends string>(keyOf: (end: StatsWindow['ended'][number]) => K | null) => {
    const sums = new Map<K, number>()
    for (const end of ended) {
      const key = keyOf(end)
      if (key !== null) sums.set(key, end.count + (sums.get(key) ?? 0))
    }
    return sums
  }
  return {
    since: new Date(since).toISOString(),
    accepted,
    ended: Object.fromEntries(sumBy(({ status }) => status)),
    perMinute: { accepted: rate(accepted), ended: rate(ended.reduce((sum, { count }) => sum + count, 0)) },
    failures: [...sumBy(({ code }) => code)].map(([code, count]) => ({ code, count })).sort((a, b) => b.count - a.count),
    slowest: slowest.map((job) => ({ ...job, finishedAt: new Date(job.finishedAt).toISOString() })),
  }
}
