import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { prepareGuest } from '../../../src/engine/guest-image.ts'
import { RunnerProcess } from '../../../src/engine/runner-process.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROBE = fileURLToPath(new URL('../fixtures/probe.ts', import.meta.url))
const LEAKY = fileURLToPath(new URL('../fixtures/leaky-runner.ts', import.meta.url))
/** What Node refuses once everything is dropped; reading is let in, since the fixture has to be loaded. */
const FLAGS = ['--permission', `--allow-fs-read=${ROOT}`, '--no-experimental-sqlite', '--disallow-code-generation-from-strings']

/** What a process with these flags could do that a runner must not. */
function probeWith (flags: readonly string[]): string[] {
  const { stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=SecurityWarning', ...flags, PROBE], { encoding: 'utf8', env: {}, timeout: 20_000 })
  const [, open] = /code could (.*)$/.exec(stdout) ?? []
  assert.ok(open, stdout + stderr)
  return open.split(', ')
}

/** What the flags let in, and what Node refuses in other words as long as nothing was dropped. */
const KNOWN = ['read a file outside of its code', 'read its own code', 'load an addon']

test('with these flags everything else is refused', () => {
  assert.deepEqual(probeWith(FLAGS), KNOWN)
})

for (const [flag, ...found] of [
  ['--allow-child-process', 'start a program'],
  ['--allow-worker', 'start a thread', 'start a thread without its flags'],
  ['--allow-net', 'connect to a port', 'listen on a port', 'send a datagram', 'look up a name'],
  ['--allow-inspector', 'open the inspector'],
  ['--allow-fs-write=*', 'write a file'],
] as const) {
  test(`what ${flag} lets a process do is found`, () => {
    assert.deepEqual(probeWith([...FLAGS, flag]).filter((name) => !KNOWN.includes(name)), found)
  })
}

test('a missing flag is found', () => {
  const found = probeWith(FLAGS.slice(0, 2)).filter((name) => !KNOWN.includes(name))

  assert.deepEqual(found, ['use SQLite', 'make code from a string'])
})

test('a runner in which one probe is not refused does not serve, and the worker hears which', async (t) => {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: await prepareGuest([]), file: LEAKY })
  t.after(() => runner.kill('The test is over'))

  await assert.rejects(runner.ready, /lock-down does not hold, code could start a program/)
})
