import { stripVTControlCharacters } from 'node:util'
import type { Terminal } from '../terminal.ts'
import { formatMs } from './live-line.ts'
import type { TraceRow } from './trace.ts'

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const
const NAME_CHARS = 24
const BAR_CHARS = 44

/** A bar that is filled to a share from 0 to 1. */
export function drawBar (terminal: Terminal, share: number, chars: number): string {
  const filled = Math.round(Math.min(Math.max(share, 0), 1) * chars)
  return terminal.style('green', '█'.repeat(filled)) + terminal.style('dim', '░'.repeat(chars - filled))
}

/** Rows under headings, each column as wide as its widest cell. Columns named in `right` are aligned to the right. */
export function drawTable (terminal: Terminal, headings: readonly string[], rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths = headings.map((heading, column) => Math.max(...[heading, ...rows.map((row) => row[column] ?? '')].map(width)))
  const line = (cells: readonly string[]) => cells.map((cell, column) => {
    const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)))
    return right.includes(column) ? padding + cell : cell + padding
  }).join('  ').trimEnd()
  const rule = terminal.style('dim', widths.map((chars) => '─'.repeat(chars)).join('──'))
  return [line(headings.map((heading) => terminal.style('bold', heading))), rule, ...rows.map(line)]
}

/** Spans as bars under one another, each where and as long as it was. */
export function drawWaterfall (terminal: Terminal, rows: readonly TraceRow[]): string[] {
  const totalMs = Math.max(...rows.map(({ offsetMs, durationMs }) => offsetMs + durationMs))
  return rows.map(({ depth, name, offsetMs, durationMs }) => {
    const label = `${'  '.repeat(depth)}${name}`.slice(0, NAME_CHARS).padEnd(NAME_CHARS)
    const from = offsetMs / totalMs * BAR_CHARS
    const bar = drawSpan(from, from + durationMs / totalMs * BAR_CHARS).padEnd(BAR_CHARS)
    return `${label} ${terminal.style('dim', '│')}${terminal.style('cyan', bar)}${terminal.style('dim', '│')} ${formatMs(durationMs).padStart(8)}`
  })
}

/** A bar from one position to another, to an eighth of a character at its end; never empty. */
function drawSpan (from: number, to: number): string {
  const start = Math.min(Math.floor(from), BAR_CHARS - 1)
  const eighths = Math.max(1, Math.round((to - start) * EIGHTHS.length))
  const whole = Math.floor(eighths / EIGHTHS.length)
  return (' '.repeat(start) + '█'.repeat(whole) + (EIGHTHS[eighths % EIGHTHS.length] ?? '')).slice(0, BAR_CHARS)
}

function width (text: string): number {
  return stripVTControlCharacters(text).length
}
