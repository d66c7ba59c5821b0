import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildGuestBundle } from '../../../src/engine/guest-bundle.ts'
import { makeCodeCaches } from '../../../src/engine/runner/code-cache.ts'
import type { GuestScripts } from '../../../src/core/runner-protocol.ts'
import { loadTools } from '../../../src/tools/registry.ts'

const scripts = JSON.parse(await buildGuestBundle((await loadTools({ own: '', config: '{}' })).filter(({ name }) => name === 'fetch' || name === 'echo'))) as GuestScripts // just made

test('a guest half that rehearses is cached with what it then used', async () => {
  const silent = scripts.tools['fetch']?.replace(/\brehearse( *\}\))/, 'other: rehearse$1')
  assert.ok(silent !== scripts.tools['fetch'])

  const { tools } = await makeCodeCaches(scripts)
  const { tools: without } = await makeCodeCaches({ ...scripts, tools: { fetch: silent ?? '' } })

  const bytes = (caches: typeof tools) => caches.get('fetch')?.copy().byteLength ?? 0
  assert.ok(bytes(tools) > 1.2 * bytes(without), `${bytes(tools)} bytes with a rehearsal, ${bytes(without)} without`)
})

for (const [how, body] of [['throws', 'throw new TypeError("x is missing")'], ['rejects', 'Promise.reject(new TypeError("x is missing"))']] as const) {
  test(`a guest half whose rehearsal ${how} keeps the runner from serving, and is named`, async () => {
    const half = `(() => ({ default () {}, rehearse () { ${body} } }))`

    await assert.rejects(makeCodeCaches({ ...scripts, tools: { probe: half } }), { message: 'Cannot serve: the guest half of tool "probe" fails when it rehearses: TypeError: x is missing' })
  })
}
