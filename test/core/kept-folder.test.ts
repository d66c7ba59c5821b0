import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { INHERITED } from '../helpers/inherited.ts'

const ASK = `
  const { keepIn, keptFolder } = await import(${JSON.stringify(new URL('../../src/core/kept-folder.ts', import.meta.url).href)})
  for (const home of process.argv.slice(1)) keepIn(home)
  process.stdout.write(JSON.stringify([keptFolder('guest') ?? null]))`

/** What a process answers that was told of these folders, one after another. */
function askFor (homes: readonly string[], compileCache = ''): string | null {
  const [folder = null] = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', ASK, ...homes], { env: { PATH: INHERITED.PATH, NODE_COMPILE_CACHE: compileCache }, encoding: 'utf8' })) as (string | null)[] // as written above
  return folder
}

async function makeHome (t: TestContext): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'batchbox-'))
  t.after(() => rm(home, { recursive: true }))
  return home
}

test('the first folder named is that of the whole process, before the one of the compile cache', async (t) => {
  const home = await makeHome(t)

  assert.equal(askFor([join(home, 'first'), join(home, 'second')], join(home, 'compiled')), join(home, 'first', 'guest'))
})

test('without one it is where Node keeps what it compiled, and else there is none', async (t) => {
  const home = await makeHome(t)

  assert.match(askFor([], home) ?? '', new RegExp(`^${home}/.+/guest$`))
  assert.equal(askFor([]), null)
})

test('a folder that others may write to is not used', async (t) => {
  const home = await makeHome(t)
  mkdirSync(join(home, 'guest'))
  chmodSync(join(home, 'guest'), 0o777)

  assert.equal(askFor([home]), null)
})

test('where there can be no folder there is none', async (t) => {
  const home = await makeHome(t)
  writeFileSync(join(home, 'file'), '')

  assert.equal(askFor([join(home, 'file')]), null)
})
