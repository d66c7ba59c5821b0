import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openArchive } from '../../src/core/archive.ts'
import { readDescriptor } from '../../src/core/read-descriptor.ts'
import { prepareGuest } from '../../src/engine/guest-image.ts'
import { INHERITED } from '../helpers/inherited.ts'

const PREPARE = `
  const { prepareGuest } = await import(${JSON.stringify(new URL('../../src/engine/guest-image.ts', import.meta.url).href)})
  const { fstatSync } = await import('node:fs')
  const { archives } = await prepareGuest([])
  process.stdout.write(JSON.stringify(archives.map((descriptor) => fstatSync(descriptor).ino)))
  process.exit()`

/** Starts a process that needs the guest; answers the inodes of the archives that it opened. */
function prepareIn (folder: string): number[] {
  const env = { PATH: INHERITED.PATH, NODE_COMPILE_CACHE: folder }
  return JSON.parse(execFileSync(process.execPath, ['--disable-warning=SecurityWarning', '--input-type=module', '-e', PREPARE], { env, encoding: 'utf8' })) as number[] // as written above
}

test('the first process makes the archive, for itself alone to change, and the next one opens it', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'batchbox-'))
  t.after(() => rm(folder, { recursive: true }))

  const first = prepareIn(folder)
  const second = prepareIn(folder)

  const kept = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(({ name }) => name.endsWith('.bin')).map(({ parentPath, name }) => statSync(join(parentPath, name)))
  assert.deepEqual(kept.map(({ ino }) => ino).sort(), first.toSorted())
  assert.deepEqual(second, first)
  assert.ok(kept.every(({ mode }) => (mode & 0o77) === 0))
})

test('where nothing is kept, archives have no name', () => {
  const before = readdirSync(tmpdir())

  assert.ok(prepareIn('').length > 0)

  assert.deepEqual(readdirSync(tmpdir()).filter((name) => name.startsWith('batchbox-guest-') && !before.includes(name)), [])
})

test('V8 has compiled what runs when a package is loaded, in pieces that run nothing by themselves, too', async () => {
  const { archives } = await prepareGuest([])
  const archive = openArchive(readDescriptor(archives[1] ?? assert.fail()))

  const piece = archive.names.map((name) => archive.read(name)).find((script) => script?.text.includes('opts.code.process')) ?? assert.fail()

  assert.ok((piece.cache?.length ?? 0) > piece.text.length / 3, `ajv has ${piece.text.length} characters, and its code cache ${piece.cache?.length} bytes`)
})
