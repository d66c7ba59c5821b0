import { setTimeout as wait } from 'node:timers/promises'
import type { CommandContext } from '../command.ts'
import { buildApiClient, type ApiClient } from '../demo/api-client.ts'
import { startDemoService } from '../demo/demo-service.ts'
import { drawTable, drawWaterfall } from '../demo/drawing.ts'
import { moviesJob } from '../demo/jobs/movies.ts'
import { logsJob, parcelsJob, throwsJob } from '../demo/jobs/ordinary.ts'
import { endlessLoopJob, memoryHogJob } from '../demo/jobs/stopped.ts'
import { formatMs, startLine } from '../demo/live-line.ts'
import { runJob, runManyJobs, type JobReport } from '../demo/run-jobs.ts'
import { orderSpans, type TraceSpan } from '../demo/trace.ts'
import type { Terminal } from '../terminal.ts'

const MANY = 200
const TRACE_MS = 5000
const TRACE_POLL_MS = 50
/** The spans that show a job's way from the request to its stored outcome. */
const LAST_SPAN = 'settle'
const INTERRUPTED = 130

/**
 * Starts the whole service in a temporary folder, runs real jobs over HTTP, checks every answer, shows what happened and stops all of it.
 * Answers 0 when every answer was right, 1 when one was not, 130 when it was interrupted.
 */
export async function demo (context: CommandContext): Promise<number> {
  const { root, signal, terminal } = context
  await using closing = new AsyncDisposableStack()
  try {
    title(terminal, 'Batchbox: code nobody vouched for, run as jobs')
    terminal.print(terminal.style('dim', '  A Redis, the API and a worker, started for this demo and stopped after it'))
    const service = await startDemoService(context, closing)
    const leaving = new AbortController()
    closing.defer(() => leaving.abort()) // requests that a wrong answer left behind
    const api = buildApiClient(service.url, service.key, AbortSignal.any([signal, leaving.signal]))

    title(terminal, 'Jobs, one at a time')
    const reports: JobReport[] = []
    for (const job of [moviesJob(root), parcelsJob, logsJob, throwsJob, endlessLoopJob, memoryHogJob]) {
      reports.push(await runJob(job, root, api, terminal))
      signal.throwIfAborted()
    }
    title(terminal, `${MANY} small jobs`)
    const { report, many } = await runManyJobs(MANY, root, api, terminal)
    reports.push(report)
    signal.throwIfAborted()
    if (many) reports.push(...await showTrace(many.last.id, api, terminal))

    const code = conclude(reports, service.logLines, terminal)
    terminal.print()
    const line = startLine(terminal, 'Stopping what was started')
    await closing.disposeAsync()
    line.end(terminal.style('dim', '  Redis, API and worker are stopped, their folder is removed'))
    return code
  } catch (error) {
    if (signal.aborted) return INTERRUPTED
    throw error
  }
}

async function showTrace (id: string, api: ApiClient, terminal: Terminal): Promise<JobReport[]> {
  title(terminal, 'The way of the last one', id)
  const spans = await readWholeTrace(id, api)
  if (spans.length > 0) for (const line of drawWaterfall(terminal, orderSpans(spans))) terminal.print(`  ${line}`)
  if (spans.some(({ name }) => name === LAST_SPAN)) return []
  const problem = `the trace holds ${spans.map(({ name }) => name).join(', ') || 'no span'}, and not ${LAST_SPAN}`
  return [{ file: 'trace', shows: 'the way of a job', outcome: 'incomplete', wallMs: null, cpuMs: null, problem }]
}

/** Spans are stored a moment after the job's end. */
async function readWholeTrace (id: string, api: ApiClient): Promise<TraceSpan[]> {
  const deadline = Date.now() + TRACE_MS
  for (;;) {
    const spans = await api.trace(id)
    if (spans.some(({ name }) => name === LAST_SPAN) || Date.now() > deadline) return spans
    await wait(TRACE_POLL_MS)
  }
}

function conclude (reports: readonly JobReport[], logLines: readonly string[], terminal: Terminal): number {
  title(terminal, 'What happened')
  const rows = reports.map(({ file, shows, outcome, wallMs, cpuMs, problem }) => [
    problem ? terminal.style('red', '✖') : terminal.style('green', '✔'), file, shows,
    terminal.style(outcome.includes('succeeded') ? 'green' : 'yellow', outcome), show(wallMs), show(cpuMs),
  ])
  for (const line of drawTable(terminal, ['', 'job', 'shows', 'outcome', 'wall', 'CPU'], rows, [4, 5])) terminal.print(`  ${line}`)

  const wrong = reports.filter(({ problem }) => problem)
  if (wrong.length > 0) {
    title(terminal, 'Wrong answers')
    for (const { file, problem } of wrong) terminal.print(`  ${terminal.style('red', '✖')} ${file}: ${problem}`)
    for (const line of logLines) terminal.print(terminal.style('dim', `    ${line}`))
    return 1
  }
  showNext(terminal)
  return 0
}

function showNext (terminal: Terminal): void {
  title(terminal, 'Where to look next')
  const next = [
    ['npm start', 'keeps the service running; prints its URL (http://127.0.0.1:8787) and a key'],
    ['GET /docs', 'every route, to read and try; /openapi.json for programs'],
    ['POST /v1/jobs', '{"code": "export default (n) => n * 2", "input": 21}; header "Prefer: wait=10" waits for it'],
    ['GET /v1/jobs/{id}', 'the job; below it /result, /logs and /trace'],
    ['examples/', 'the jobs above'],
    ['README.md', 'limits, configuration, how it is secured and how durable it is'],
  ]
  for (const [what = '', why = ''] of next) terminal.print(`  ${terminal.style('cyan', what.padEnd(19))} ${why}`)
}

function title (terminal: Terminal, text: string, aside = ''): void {
  terminal.print(`\n${terminal.style(['bold', 'magenta'], `▌ ${text}`)}  ${terminal.style('dim', aside)}`.trimEnd())
}

function show (ms: number | null): string {
  return ms === null ? '' : formatMs(ms)
}
