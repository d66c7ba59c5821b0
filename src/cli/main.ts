import { dirname, join } from 'node:path'
import type { Command } from './command.ts'
import { demo } from './commands/demo.ts'
import { countEncryption, renewEncryption } from './commands/encryption.ts'
import { startOne } from './commands/start-part.ts'
import { start } from './commands/start.ts'
import { loadConfig } from './config.ts'
import { buildTerminal } from './terminal.ts'

const COMMANDS: Readonly<Record<string, Command>> = {
  demo,
  start,
  'start:api': (context) => startOne('api', context),
  'start:worker': (context) => startOne('worker', context),
  encryption: countEncryption,
  'encryption:renew': renewEncryption,
}
/** A terminal and npm both pass one Ctrl-C on; only a signal later than this is a second wish. */
const SAME_SIGNAL_MS = 1000
const FORCED_EXIT_CODE = 130

const stopping = new AbortController()
let askedAt = 0
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // What it started ends with it, by closed pipes and parent-death signals.
    if (stopping.signal.aborted && Date.now() - askedAt > SAME_SIGNAL_MS) process.exit(FORCED_EXIT_CODE)
    askedAt ||= Date.now()
    stopping.abort()
  })
}

// Whoever read what it says is gone: there is nobody left to run it for.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => stopping.abort())

const terminal = buildTerminal(process.stdout, process.stderr)
const name = process.argv[2] ?? 'help'
const command = COMMANDS[name]
if (!command) {
  terminal.note(`Usage: batchbox <${Object.keys(COMMANDS).join(' | ')}>`)
  process.exit(2)
}
try {
  process.exitCode = await command({
    config: loadConfig(process.env),
    env: process.env,
    root: join(dirname(import.meta.dirname), '..'),
    signal: stopping.signal,
    terminal,
  })
} catch (error) {
  terminal.note(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
