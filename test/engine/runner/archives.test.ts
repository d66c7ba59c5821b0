import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openArchive, packArchive } from '../../../src/core/archive.ts'
import { keepScripts } from '../../../src/engine/runner/archives.ts'

function openCounting (packed: Buffer) {
  let reads = 0
  const archive = openArchive((start, end) => {
    reads += 1
    return Buffer.from(Uint8Array.from(packed.subarray(start, end)).buffer)
  })
  return { archive, countReads: () => reads }
}

test('nothing of the archive of packages is read before code wants one of them', () => {
  const platform = openCounting(packArchive(new Map([['core', { text: 'a' }], ['node:path', { text: 'b' }]]), { modules: { path: { unit: 'node:path', exports: ['join'] } } }))
  const packages = openCounting(packArchive(new Map([['module:qs', { text: 'c' }]]), { modules: { qs: { unit: 'module:qs', exports: ['parse'] } } }))
  const { find, modules } = keepScripts([platform.archive, packages.archive])

  assert.deepEqual([find('core')?.text, find(modules.get('path')?.unit ?? '')?.text], ['a', 'b'])
  assert.equal(packages.countReads(), 0)
  assert.equal(find(modules.get('qs')?.unit ?? '')?.text, 'c')
  assert.ok(packages.countReads() > 0)
  assert.deepEqual([modules.get('toString'), [...modules.keys()]], [undefined, ['path', 'qs']])
})
