/** One line of a process's log, as far as the command reads it. */
export type LogRecord = Readonly<Record<string, unknown>>

/** Numbers of the levels as pino writes them. */
const LEVELS: Readonly<Record<string, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60, silent: Infinity }

/** Reads a line of JSON; undefined for any other text. */
export function parseLogLine (line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as LogRecord // an object, since it starts with a brace; its members stay unknown
  } catch {
    return undefined
  }
}

/** Tells whether a line is to be shown at that lowest level. Text that is no log record always is. */
export function isShown (record: LogRecord | undefined, lowest: string): boolean {
  if (!record) return true
  const level = typeof record['level'] === 'number' ? record['level'] : LEVELS[String(record['level'])] ?? LEVELS['error']
  return (level ?? 0) >= (LEVELS[lowest] ?? 0)
}

/** The level to give to a process whose ready line, of level info, must be seen. */
export function atLeastInfo (lowest: string): string {
  return (LEVELS[lowest] ?? 0) > (LEVELS['info'] ?? 0) ? 'info' : lowest
}
