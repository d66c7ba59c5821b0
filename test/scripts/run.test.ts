import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'

const scripts = join(import.meta.dirname, '..', '..', 'scripts')
/** Never installed: it is for another platform. */
const OTHER_PLATFORM = { 'node_modules/elsewhere': { version: '1.0.0', optional: true } }
/** Installs as npm does, as far as it can be seen from outside: its own record comes last. */
const FAKE_NPM = `#!/bin/sh
echo "$@" >> npm-calls
echo 'npm warn EBADENGINE' >&2
if [ -n "$NPM_FAILS" ]; then echo 'npm error no network' >&2; exit 1; fi
mkdir -p node_modules/.bin
ln -sf '${process.execPath}' node_modules/.bin/node
cp installed.json node_modules/.package-lock.json
`
const TASK = `
if (process.argv[2] === 'exit') process.exitCode = Number(process.argv[3])
if (process.argv[2] === 'die') process.kill(process.pid, 'SIGKILL')
if (process.argv[2] === 'wait') {
  let count = 0
  process.on('SIGTERM', () => console.log('signal ' + ++count))
  process.stdin.resume().on('end', () => { process.exitCode = count })
}
console.log('ran ' + process.argv.slice(2).join(' '))
`

interface Project {
  start(args: string[], env?: Record<string, string>): ChildProcess
  run(args: string[], env?: Record<string, string>): Promise<{ code: number | null, signal: string | null, output: string }>
  installs(): number
  /** Asks for that version of its one package. */
  writeLock(version: string): void
}

function fakeProject (t: TestContext): Project {
  const root = mkdtempSync(join(tmpdir(), 'batchbox-test-run-'))
  t.after(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'scripts'))
  mkdirSync(join(root, 'bin'))
  for (const file of ['run.mjs', 'install-packages.mjs']) cpSync(join(scripts, file), join(root, 'scripts', file))
  writeFileSync(join(root, 'bin', 'npm'), FAKE_NPM)
  chmodSync(join(root, 'bin', 'npm'), 0o755)
  writeFileSync(join(root, 'task.mjs'), TASK)
  const writeLock = (version: string) => {
    const packages = { 'node_modules/a': { version, integrity: `hash of ${version}` } }
    writeFileSync(join(root, 'installed.json'), JSON.stringify({ packages }))
    writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages, ...OTHER_PLATFORM } }))
  }
  writeLock('1.0.0')
  const start: Project['start'] = (args, env = {}) => spawn(process.execPath, ['scripts/run.mjs', 'task.mjs', ...args], {
    cwd: root,
    env: { ...process.env, NODE_ENV: '', PATH: `${join(root, 'bin')}${delimiter}${process.env['PATH']}`, ...env },
  })
  return {
    start,
    run: async (args, env) => {
      const child = start(args, env)
      let output = ''
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => { output += String(data) })
      const [code, signal] = await once(child, 'close') as [number | null, string | null] // the arguments of the event
      return { code, signal, output }
    },
    installs: () => existsSync(join(root, 'npm-calls')) ? readFileSync(join(root, 'npm-calls'), 'utf8').trim().split('\n').length : 0,
    writeLock,
  }
}

test('a first run installs the packages, without npm\'s warnings, and a second does not', async (t) => {
  const project = fakeProject(t)

  const first = await project.run(['hello', 'world'])
  const second = await project.run(['again'])

  assert.match(first.output, /Installing packages…\nInstalled packages in .+ s\nran hello world\n/)
  assert.doesNotMatch(first.output, /EBADENGINE/)
  assert.equal(second.output, 'ran again\n')
  assert.equal(project.installs(), 1)
})

test('a changed lock file installs again', async (t) => {
  const project = fakeProject(t)
  await project.run([])

  project.writeLock('1.0.1')
  const again = await project.run([])

  assert.match(again.output, /Updating packages/)
  assert.equal(project.installs(), 2)
})

test('an install that fails shows what npm said', async (t) => {
  const project = fakeProject(t)

  const { code, output } = await project.run([], { NPM_FAILS: '1' })

  assert.equal(code, 1)
  assert.match(output, /Cannot install packages: npm ci ended with 1[^]*npm error no network/)
  assert.doesNotMatch(output, /ran/)
})

test('two runs at once install once', async (t) => {
  const project = fakeProject(t)

  const runs = await Promise.all([project.run(['a']), project.run(['b'])])

  assert.deepEqual(runs.map(({ code }) => code), [0, 0])
  assert.equal(project.installs(), 1)
})

test('a run ends as its file ends', async (t) => {
  const project = fakeProject(t)

  const exit = await project.run(['exit', '7'])
  const killed = await project.run(['die'])

  assert.equal(exit.code, 7)
  assert.equal(killed.signal, 'SIGKILL')
})

test('a signal that arrives twice at once reaches the file once', async (t) => {
  const project = fakeProject(t)
  const child = project.start(['wait'])
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]() // a pipe by default
  while ((await lines.next()).value !== 'ran wait');

  child.kill('SIGTERM')
  assert.equal((await lines.next()).value, 'signal 1')
  child.kill('SIGTERM')
  const ended = once(child, 'exit')
  child.stdin?.end()

  assert.deepEqual(await ended, [1, null])
})
