import type { Environment } from './child.ts'
import type { CliConfig } from './config.ts'
import type { Terminal } from './terminal.ts'

/** What a command gets from the process. */
export interface CommandContext {
  config: CliConfig
  /** What its children inherit. */
  env: Environment
  /** Folder of the project. */
  root: string
  /** Aborted when the process is asked to stop. */
  signal: AbortSignal
  terminal: Terminal
}

/** A command answers the exit code. It has stopped what it started by then. */
export type Command = (context: CommandContext) => Promise<number>
