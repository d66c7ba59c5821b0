import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM_NATIVES } from '../../../src/engine/runner/natives/natives.ts'

/** The system may count in ticks, of which short calls take a while to fill one. */
const CALLS_MAX = 100_000

test('natives of the platform tell the processor time that their calls took, which the clock of the isolate does not see', () => {
  const calls: Record<string, readonly [method: string, args: unknown]> = {
    'platform:compression': ['open', { isCompressor: true, format: 'gzip' }], 'platform:random': ['uuid', {}], 'platform:text': ['encode', 'ä'.repeat(1000)], 'platform:url': ['toAscii', 'ä'.repeat(1000)], 'platform:zlib': ['open', { kind: 'gzip', windowBits: 15, level: 9, memLevel: 9, strategy: 0, hasDictionary: false }],
  }
  assert.deepEqual(Object.keys(calls), Object.keys(PLATFORM_NATIVES))
  for (const [name, [method, args]] of Object.entries(calls)) {
    const native = PLATFORM_NATIVES[name]!()
    assert.equal(native.cpuMs, 0)
    for (let i = 0; i < CALLS_MAX && native.cpuMs === 0; i++) {
      const { text } = native.callSync(method, args, Buffer.alloc(0))
      if (method === 'open') native.callSync('close', { id: JSON.parse(text) as unknown }, Buffer.alloc(0)) // few streams may be open
    }
    assert.ok(native.cpuMs > 0, name)
    native.close()
  }
})
