import assert from 'node:assert/strict'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { JobView } from '../../src/core/job.ts'
import type { ApiClient } from '../../src/cli/demo/api-client.ts'
import { drawTable, drawWaterfall } from '../../src/cli/demo/drawing.ts'
import { parcelsJob } from '../../src/cli/demo/jobs/ordinary.ts'
import { reckonMovies } from '../../src/cli/demo/movie-figures.ts'
import { runJob } from '../../src/cli/demo/run-jobs.ts'
import { orderSpans, parseTrace } from '../../src/cli/demo/trace.ts'
import { buildTerminal } from '../../src/cli/terminal.ts'

const root = join(import.meta.dirname, '..', '..')

function fakeTerminal () {
  const out = new PassThrough()
  return { terminal: buildTerminal(out, out), read: () => String(out.read() ?? '') }
}

/** Answers every job as if it had succeeded with that result. */
function fakeApi (result: unknown): ApiClient {
  const job = { id: 'job_1', status: 'succeeded', result, error: null, usage: null } as unknown as JobView // only what the demo reads
  return { post: async () => job, read: async () => job, waitFor: async () => job, logs: async () => [], trace: async () => [] }
}

const movie = (genre: string | null, date: string, rating: number | null, gross: number | null) =>
  ({ 'Major Genre': genre, 'Release Date': date, 'IMDB Rating': rating, 'Worldwide Gross': gross })

test('a wrong answer is reported with what was expected and what came', async () => {
  const { terminal, read } = fakeTerminal()

  const report = await runJob(parcelsJob, root, fakeApi([{ zone: 'Local', code: 0, price: 6 }]), terminal)

  assert.match(report.problem ?? '', /^the quotes: expected .+price: 27.+, got .+price: 6/)
  assert.match(read(), /✖ parcels\.ts/)
})

test('a request that fails is reported as a wrong answer', async () => {
  const { terminal } = fakeTerminal()
  const post = async () => { throw new Error('POST /v1/jobs answered 503') }

  const report = await runJob(parcelsJob, root, { ...fakeApi(null), post }, terminal)

  assert.equal(report.problem, 'POST /v1/jobs answered 503')
  assert.equal(report.outcome, 'no answer')
})

test('films are grouped by genre and decade, and a year after the data set ends is one of the century before', () => {
  const groups = reckonMovies([
    movie('Drama', 'Jan 01 2039', 8, 100), movie('Drama', 'Jan 01 1931', 6.1, null), movie(null, 'Jan 01 1931', 1, 1),
    movie('Action', 'Jan 01 2001', 5, 10), movie('Action', 'Jan 01 2009', 6, 30), movie('Action', 'Jan 01 2005', 9.5, 20), movie('Action', 'Jan 01 2005', null, 25),
  ])

  assert.deepEqual(groups, [
    { genre: 'Action', decade: 2000, films: 4, medianRating: 6, meanRating: 20.5 / 3, medianGross: 22.5 },
    { genre: 'Drama', decade: 1930, films: 2, medianRating: 7.05, meanRating: 7.05, medianGross: 100 },
  ])
})

test('spans are ordered as a tree, and one whose parent is elsewhere is a root', () => {
  const span = (name: string, spanId: string, parentSpanId: string, startMs: number) =>
    ({ name, spanId, parentSpanId, startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + 10}000000` })
  const spans = parseTrace({ resourceSpans: [{ scopeSpans: [{ spans: [
    span('settle', 'd', 'b', 30), span('run', 'b', 'a', 20), span('request', 'a', 'caller', 10), span('accept', 'c', 'a', 11),
  ] }] }] })

  const rows = orderSpans(spans)

  assert.deepEqual(rows.map(({ name, depth, offsetMs }) => [name, depth, offsetMs]), [['request', 0, 0], ['accept', 1, 1], ['run', 1, 10], ['settle', 2, 20]])
})

test('a waterfall gives every span a bar, within the width of the whole', () => {
  const { terminal } = fakeTerminal()

  const lines = drawWaterfall(terminal, [{ depth: 0, name: 'all', offsetMs: 0, durationMs: 100 }, { depth: 1, name: 'last', offsetMs: 100, durationMs: 0 }])

  assert.match(lines[0] ?? '', /^all +│█+│ +100 ms$/)
  assert.match(lines[1] ?? '', /^ {2}last +│ +[▏▎▍▌▋▊▉█]│ +0\.0 ms$/)
})

test('a table aligns its columns', () => {
  const { terminal } = fakeTerminal()

  assert.deepEqual(drawTable(terminal, ['job', 'wall'], [['a', '1 ms'], ['longer', '100 ms']], [1]), [
    'job       wall', '──────────────', 'a         1 ms', 'longer  100 ms',
  ])
})
