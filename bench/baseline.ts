import { type AskedProcess, startAsked } from './asked-process.ts'

/** Starts a file of `baselines/` as a process of its own. It ends when it is closed, or with this one. */
export function startBaseline (file: string, options: { execArgv?: string[] } = {}): AskedProcess {
  return startAsked(`baselines/${file}`, options)
}
