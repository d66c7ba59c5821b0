import { spawn } from 'node:child_process'
import { enableCompileCache } from 'node:module'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { ensureRedisServer } from '../src/cli/redis-server.ts'
import { prepareGuest } from '../src/engine/guest-image.ts'

/** Tests of the whole service wait for most of their time: for locks to lapse, for processes to start. */
const LEAST_FILES_AT_ONCE = 4
export const ROOT = dirname(import.meta.dirname)
/** As the command sets it. */
export const COMPILE_CACHE = join(ROOT, '.batchbox', 'compile-cache')

/**
 * Makes sure that there are a Redis server and the archives of the guest, which every file would make for itself, and runs the test files, several at once; answers the runner's exit code.
 * Without files it runs all of them.
 */
export async function runTests (args: string[]): Promise<number> {
  const path = process.env['PATH'] ?? ''
  const server = await ensureRedisServer(
    { path, binFolder: join(ROOT, '.batchbox', 'bin') },
    (manager) => process.stderr.write(`Installing a Redis server with ${manager}…\n`),
  )
  enableCompileCache(COMPILE_CACHE)
  await prepareGuest([])
  const concurrency = Math.max(LEAST_FILES_AT_ONCE, availableParallelism())
  const files = args.some((arg) => !arg.startsWith('-')) ? args : [...args, 'test/**/*.test.ts']
  return run([process.execPath, '--disable-warning=SecurityWarning', '--test', '--test-reporter=spec', `--test-concurrency=${concurrency}`, ...files], {
    PATH: `${path}${delimiter}${dirname(server)}`, // tests look for the server on PATH
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  })
}

/** Runs a program in the project's folder with this process's streams; answers its exit code, 1 when a signal ended it. */
export function run ([program = '', ...args]: string[], env: Record<string, string> = {}): Promise<number> {
  const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } })
  const stop = (signal: NodeJS.Signals) => child.kill(signal)
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, stop)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, stop)
      resolve(code ?? 1)
    })
  })
}
