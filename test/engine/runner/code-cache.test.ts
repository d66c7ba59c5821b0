import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openArchive } from '../../../src/core/archive.ts'
import { readDescriptor } from '../../../src/core/read-descriptor.ts'
import { UNIT_GLOBALS } from '../../../src/engine/guest/web-globals.ts'
import { prepareGuest } from '../../../src/engine/guest-image.ts'
import { keepScripts } from '../../../src/engine/runner/archives.ts'
import { cacheTools } from '../../../src/engine/runner/code-cache.ts'
import { loadTools } from '../../../src/tools/registry.ts'

const image = await prepareGuest((await loadTools({ own: '', config: '{}' })).filter(({ name }) => name === 'fetch' || name === 'echo'))
const scripts = keepScripts(image.archives.map((descriptor) => openArchive(readDescriptor(descriptor))))

test('every unit has a code cache: none fails when it rehearses', () => {
  assert.deepEqual(Object.keys(UNIT_GLOBALS).filter((unit) => scripts.find(unit)?.cache === undefined), [])
})

test('a guest half that rehearses is cached with what it then used', () => {
  const silent = image.tools['fetch']?.replace(/"rehearse": /, '"other": ')
  assert.ok(silent !== image.tools['fetch'])

  const tools = cacheTools(scripts, image.tools)
  const without = cacheTools(scripts, { fetch: silent ?? '' })

  const bytes = (caches: typeof tools) => caches.get('tool:fetch')?.cache?.copy().byteLength ?? 0
  assert.ok(bytes(tools) > 1.2 * bytes(without), `${bytes(tools)} bytes with a rehearsal, ${bytes(without)} without`)
})

for (const [how, body] of [['throws', 'throw new TypeError("x is missing")'], ['rejects', 'Promise.reject(new TypeError("x is missing"))']] as const) {
  test(`a guest half whose rehearsal ${how} keeps the runner from serving, and is named`, () => {
    const half = `(() => ({ default () {}, rehearse () { ${body} } }))`

    assert.throws(() => cacheTools(scripts, { probe: half }), { message: 'Cannot serve: the guest half of tool "probe" fails when it rehearses: TypeError: x is missing' })
  })
}
