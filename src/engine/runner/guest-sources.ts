import { readFileSync, readdirSync } from 'node:fs'

const GUEST_FOLDER = new URL('../guest/', import.meta.url)

/** The trusted modules that run inside every isolate before user code, by file name. Read once, before the process locks itself down. */
export function loadGuestSources (): ReadonlyMap<string, string> {
  const files = readdirSync(GUEST_FOLDER).filter((name) => name.endsWith('.js'))
  return new Map(files.map((name) => [name, readFileSync(new URL(name, GUEST_FOLDER), 'utf8')]))
}
