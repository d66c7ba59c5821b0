import { isMet, type Figure } from './row.ts'

/** What came of one row. */
export interface RowReport {
  id: string
  title: string
  seconds: number
  figures: Figure[]
  /** Why there are no figures. */
  error?: string
}

/** What it was measured on. */
export interface Machine {
  node: string
  platform: string
  cpu: string
  cpus: number
  /** Mean number of processes that wanted a CPU in the minute before the start. */
  loadAverage: number
}

/** One run of the bench. */
export interface Report {
  startedAt: string
  machine: Machine
  rows: RowReport[]
}

const COLUMNS = { name: 62, value: 14, target: 12 } as const

/** Writes a report as one JSON document; figures with a target say whether it was met. */
export function formatJson (report: Report): string {
  const rows = report.rows.map((row) => ({
    ...row,
    figures: row.figures.map((figure) => figure.target ? { ...figure, met: isMet(figure) } : figure),
  }))
  return JSON.stringify({ version: 1, ...report, rows }, null, 2)
}

/** Writes a report as a table for people. */
export function formatTable ({ machine, rows }: Report): string {
  const { node, platform, cpu, cpus, loadAverage } = machine
  return [
    `Node ${node}, ${platform}, ${cpus} × ${cpu}, load average ${loadAverage.toFixed(1)} at the start`,
    'Ratios compare what was measured side by side; all else holds for this machine and this hour.',
    ...rows.flatMap(formatRow),
    '',
    conclude(rows),
  ].join('\n')
}

function formatRow ({ id, title, seconds, figures, error }: RowReport): string[] {
  return ['', `(${id}) ${title}  [${seconds.toFixed(0)} s]`, ...(error === undefined ? [] : [`    failed: ${error}`]), ...figures.map(formatFigure)]
}

function formatFigure (figure: Figure): string {
  const { name, target } = figure
  const met = isMet(figure)
  const wanted = target ? `${target.type === 'at least' ? '≥' : '≤'} ${target.value}` : ''
  const verdict = met === undefined ? '' : met ? 'met' : 'NOT MET'
  return `    ${name.padEnd(COLUMNS.name)} ${formatValue(figure).padStart(COLUMNS.value)}  ${wanted.padEnd(COLUMNS.target)} ${verdict}`.trimEnd()
}

/** Three significant digits are more than a shared machine can hold. */
export function formatValue ({ value, unit }: Pick<Figure, 'value' | 'unit'>): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  const text = value.toFixed(Math.min(digits, 3))
  switch (unit) {
    case 'ratio': return `${text} ×`
    case 'per second': return `${text} /s`
    default: return `${text} ${unit}`
  }
}

function conclude (rows: readonly RowReport[]): string {
  const judged = rows.flatMap(({ figures }) => figures.map(isMet)).filter((met) => met !== undefined)
  const failed = rows.filter(({ error }) => error !== undefined).length
  return `${judged.filter(Boolean).length} of ${judged.length} targets met${failed === 0 ? '' : `, ${failed} rows failed`}`
}
