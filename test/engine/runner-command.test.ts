import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { buildRunnerCommand } from '../../src/engine/runner-command.ts'

const READER = fileURLToPath(new URL('fixtures/types-reader.ts', import.meta.url))
/** Has V8 optimise at once, collect at every occasion, and tell of it. */
const EAGER = ['--wasm-sync-tier-up', '--stress-wasm-code-gc', '--trace-wasm-code-gc']

/** What V8 tells of its collections of WebAssembly code in a process with a runner's flags. */
function collect (...flags: string[]): string {
  const { file, execArgv, env } = buildRunnerCommand(READER)
  const { stdout, stderr, status } = spawnSync(process.execPath, [...execArgv, ...EAGER, ...flags, file], { encoding: 'utf8', env, timeout: 60_000 })
  assert.equal(status, 0, stderr)
  return stdout
}

test('V8 collects no code of WebAssembly in a runner', () => {
  assert.match(collect('--wasm-code-gc'), /Triggering GC/) // the last flag counts: so it would without ours
  assert.equal(collect(), '')
})
