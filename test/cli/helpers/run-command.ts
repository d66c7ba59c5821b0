import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import type { TestContext } from 'node:test'
import type { Command } from '../../../src/cli/command.ts'
import { loadConfig } from '../../../src/cli/config.ts'
import { buildTerminal } from '../../../src/cli/terminal.ts'

const LINE_MS = 60_000

export interface RunningCommand {
  /** Resolves with the first line, past or to come, that matches; rejects when the command ends before, or takes too long. */
  line(pattern: RegExp): Promise<string>
  /** All that it wrote so far. */
  lines: string[]
  stop(): void
  exitCode: Promise<number>
}

/** Runs a command in this process with a terminal of its own; it is stopped with the test. */
export function runCommand (t: TestContext, command: Command, options: { root: string, env?: Record<string, string> }): RunningCommand {
  const env = { PATH: process.env['PATH'] ?? '', ...options.env }
  const stopping = new AbortController()
  const streams = { out: new PassThrough(), err: new PassThrough() }
  const lines: string[] = []
  const waiting = new Set<() => void>()
  for (const stream of Object.values(streams)) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      for (const look of waiting) look()
    })
  }
  const exitCode = command({
    config: loadConfig(env), env, root: options.root, signal: stopping.signal, terminal: buildTerminal(streams.out, streams.err),
  })
  t.after(async () => {
    stopping.abort()
    await exitCode.catch(() => {})
  })

  return {
    lines,
    exitCode,
    stop: () => stopping.abort(),
    line: (pattern) => new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.find((line) => pattern.test(line))
        if (found === undefined) return
        finish()
        resolve(found)
      }
      const fail = (why: string) => {
        finish()
        reject(new Error(`No line matches ${pattern}: ${why}\n${lines.join('\n')}`))
      }
      const timer = setTimeout(() => fail(`not within ${LINE_MS} ms`), LINE_MS)
      const finish = () => {
        clearTimeout(timer)
        waiting.delete(look)
      }
      waiting.add(look)
      look()
      exitCode.then((code) => fail(`it ended with ${code}`), (error: unknown) => fail(String(error)))
    }),
  }
}
