/** One line of a process's log, as far as the command reads it. */
export type LogRecord = Readonly<Record<string, unknown>>

/** Reads a line of JSON; undefined for any other text. */
export function parseLogLine (line: string): LogRecord | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as LogRecord // an object, since it starts with a brace; its members stay unknown
  } catch {
    return undefined
  }
}
