import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { takeDataDir } from '../../src/cli/data-dir.ts'
import { temporaryFolder } from './helpers/fake-service.ts'

const moduleUrl = new URL('../../src/cli/data-dir.ts', import.meta.url).href
const RACERS = 6

test('a folder is made when missing, and free again after its release', (t) => {
  const folder = join(temporaryFolder(t), 'deep', 'data')

  takeDataDir(folder).release()
  takeDataDir(folder).release()

  assert.deepEqual(readdirSync(folder), [])
})

test('a held folder is refused with the pid of its holder', (t) => {
  const folder = temporaryFolder(t)
  const held = takeDataDir(folder)

  assert.throws(() => takeDataDir(folder), { name: 'DataDirHeldError', message: new RegExp(`pid ${process.pid}`) })

  held.release()
})

test('the lock of a dead process is taken over', (t) => {
  const folder = temporaryFolder(t)
  const { pid } = spawnSync(process.execPath, ['--version'])
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid, started: null, token: 'x' }))

  takeDataDir(folder).release()

  assert.ok(!existsSync(join(folder, 'lock')))
})

test('the lock of a pid that belongs to another process by now is taken over', { skip: !existsSync('/proc/self/stat') && 'the system has no /proc' }, (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '1', token: 'x' }))

  takeDataDir(folder).release()
})

test('a lock that is no longer one\'s own is left alone', (t) => {
  const folder = temporaryFolder(t)
  const held = takeDataDir(folder)
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: null, token: 'another' }))

  held.release()

  assert.ok(existsSync(join(folder, 'lock')))
})

test('a guard that a killed process left does not stop later starts', (t) => {
  const folder = temporaryFolder(t)
  const guard = join(folder, 'lock.guard')
  mkdirSync(guard)
  utimesSync(guard, new Date(0), new Date(0))

  takeDataDir(folder).release()
})

test('of several processes that find a stale lock at once, one takes it', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, started: '1', token: 'x' }))
  const code = `
    import { takeDataDir } from ${JSON.stringify(moduleUrl)}
    process.stdin.once('data', () => {
      try { takeDataDir(${JSON.stringify(folder)}); console.log('taken') } catch (error) { console.log(error.name) }
    }).once('end', () => process.exit())
    console.log('waiting')`
  const racers = Array.from({ length: RACERS }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() }
  })
  await Promise.all(racers.map(({ lines }) => lines.next()))

  for (const { child } of racers) child.stdin.write('go\n')
  const answers = await Promise.all(racers.map(async ({ lines }) => (await lines.next()).value))

  assert.deepEqual(answers.sort(), [...Array.from({ length: RACERS - 1 }, () => 'DataDirHeldError'), 'taken'])
  await Promise.all(racers.map(async ({ child }) => {
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
  }))
})
