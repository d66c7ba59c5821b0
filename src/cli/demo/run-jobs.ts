import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Terminal } from '../terminal.ts'
import type { ApiClient } from './api-client.ts'
import { outcomeOf } from './check.ts'
import type { DemoJob } from './demo-job.ts'
import { drawBar } from './drawing.ts'
import { formatMs, startLine } from './live-line.ts'
import { runMany, type ManyReport } from './many.ts'

const FILE_CHARS = 16
const BAR_CHARS = 30

/** What the table at the end says of a job. */
export interface JobReport {
  file: string
  shows: string
  outcome: string
  wallMs: number | null
  cpuMs: number | null
  /** Why the answer is wrong; undefined when it is right. */
  problem: string | undefined
}

export function readExample (root: string, file: string): string {
  return readFileSync(join(root, 'examples', file), 'utf8')
}

/** Posts one job, waits for its end, checks it and shows what came out. Never throws: a failure is in the report. */
export async function runJob (demoJob: DemoJob, root: string, api: ApiClient, terminal: Terminal): Promise<JobReport> {
  const { file, shows, request, check } = demoJob
  const report: JobReport = { file, shows, outcome: 'no answer', wallMs: null, cpuMs: null, problem: undefined }
  const line = startLine(terminal, `${file.padEnd(FILE_CHARS)} ${shows}`)
  let details: string[] = []
  const started = performance.now()
  try {
    const { id } = await api.post({ code: readExample(root, file), ...request })
    const job = await api.waitFor(id)
    report.outcome = outcomeOf(job)
    report.wallMs = job.usage?.wallMs ?? null
    report.cpuMs = job.usage?.cpuMs ?? null
    details = await check(job, api, terminal)
  } catch (error) {
    report.problem = error instanceof Error ? error.message : String(error)
    details = [terminal.style('red', report.problem)]
  }
  const mark = report.problem ? terminal.style('red', '✖') : terminal.style('green', '✔')
  const took = terminal.style('dim', formatMs(performance.now() - started))
  line.end(`  ${mark} ${terminal.style('bold', file.padEnd(FILE_CHARS))} ${shows}  ${took}`)
  for (const detail of details) terminal.print(`      ${detail}`)
  return report
}

/** Posts many small jobs with a bar, and shows the rates. */
export async function runManyJobs (count: number, root: string, api: ApiClient, terminal: Terminal): Promise<{ report: JobReport, many: ManyReport | undefined }> {
  const file = 'collatz.ts'
  const report: JobReport = { file: `${file} × ${count}`, shows: 'small jobs at once', outcome: 'no answer', wallMs: null, cpuMs: null, problem: undefined }
  const draw = (ended: number) => `${file.padEnd(FILE_CHARS)} ${drawBar(terminal, ended / count, BAR_CHARS)} ${String(ended).padStart(String(count).length)}/${count}`
  const line = startLine(terminal, draw(0))
  try {
    const many = await runMany(api, { code: readExample(root, file), count, onProgress: (_posted, ended) => line.show(draw(ended)) })
    report.outcome = `${count} succeeded`
    line.end(`  ${terminal.style('green', '✔')} ${draw(count)}  ${terminal.style('dim', formatMs(many.wallMs))}`)
    terminal.print(`      posted at ${terminal.style('bold', `${many.postedPerSecond} jobs/s`)}, finished at ${terminal.style('bold', `${many.finishedPerSecond} jobs/s`)}, every result right`)
    return { report, many }
  } catch (error) {
    report.problem = error instanceof Error ? error.message : String(error)
    line.end(`  ${terminal.style('red', '✖')} ${file.padEnd(FILE_CHARS)} ${terminal.style('red', report.problem)}`)
    return { report, many: undefined }
  }
}
