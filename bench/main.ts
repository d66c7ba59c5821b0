import { mkdirSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { formatJson, formatTable, type Machine, type RowReport } from './report.ts'
import type { Bench, Row } from './row.ts'
import { ROWS } from './rows/all.ts'

const USAGE = `Usage: npm run bench -- [--only a,c] [--full] [--json] [--profile folder]
  --only      these rows alone: ${ROWS.map(({ id }) => id).join(', ')}
  --full      the heavy parts too
  --json      one JSON document on stdout; use npm's --silent with it
  --profile   the API and the worker write CPU profiles to the folder (which costs them some speed)
`

/** Measures the rows one after another, tells of progress on stderr, and writes the report to stdout. */
async function main (): Promise<void> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, full: { type: 'boolean' }, json: { type: 'boolean' }, profile: { type: 'string' }, help: { type: 'boolean' } },
  })
  const rows = values.help ? undefined : chooseRows(values.only)
  if (!rows) {
    process.stderr.write(USAGE)
    process.exitCode = values.help ? 0 : 2
    return
  }
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort())
  const bench: Bench = {
    full: values.full ?? false,
    root: dirname(import.meta.dirname),
    signal: stopping.signal,
    profileFolder: values.profile === undefined ? undefined : resolve(values.profile),
    note: (line) => { process.stderr.write(`${line}\n`) },
  }
  if (bench.profileFolder !== undefined) mkdirSync(bench.profileFolder, { recursive: true })

  const report = { startedAt: new Date().toISOString(), machine: describeMachine(), rows: await measureAll(rows, bench) }
  process.stdout.write(`${values.json ? formatJson(report) : formatTable(report)}\n`)
  if (report.rows.some(({ error }) => error !== undefined)) process.exitCode = 1
}

function chooseRows (only: string | undefined): Row[] | undefined {
  if (only === undefined) return [...ROWS]
  const ids = only.split(',').map((id) => id.trim())
  const chosen = ROWS.filter(({ id }) => ids.includes(id))
  return chosen.length === new Set(ids).size ? chosen : undefined
}

async function measureAll (rows: readonly Row[], bench: Bench): Promise<RowReport[]> {
  const reports: RowReport[] = []
  for (const { id, title, measure } of rows) {
    if (bench.signal.aborted) break
    bench.note(`(${id}) ${title}`)
    const started = performance.now()
    const seconds = () => Math.round((performance.now() - started) / 100) / 10
    try {
      reports.push({ id, title, figures: await measure(bench), seconds: seconds() })
    } catch (error) {
      reports.push({ id, title, figures: [], seconds: seconds(), error: error instanceof Error ? error.message : String(error) })
      bench.note(error instanceof Error ? String(error.stack) : String(error))
    }
  }
  return reports
}

function describeMachine (): Machine {
  const [first] = cpus()
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: first?.model ?? 'unknown',
    cpus: cpus().length,
    loadAverage: loadavg()[0] ?? 0,
  }
}

await main()
