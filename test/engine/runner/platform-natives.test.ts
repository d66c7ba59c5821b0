import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PLATFORM_NATIVES } from '../../../src/engine/runner/natives/natives.ts'

test('natives of the platform tell the processor time that their calls took, which the clock of the isolate does not see', () => {
  const calls: Record<string, readonly [method: string, args: unknown]> = {
    'platform:compression': ['open', { isCompressor: true, format: 'gzip' }], 'platform:random': ['uuid', {}], 'platform:text': ['encode', 'ä'.repeat(1000)], 'platform:url': ['toAscii', 'ä'.repeat(1000)], 'platform:zlib': ['open', { kind: 'gzip', windowBits: 15, level: 9, memLevel: 9, strategy: 0, hasDictionary: false }],
  }
  assert.deepEqual(Object.keys(calls), Object.keys(PLATFORM_NATIVES))
  for (const [name, [method, args]] of Object.entries(calls)) {
    const native = PLATFORM_NATIVES[name]!()
    assert.equal(native.cpuMs, 0)
    const most = name === 'platform:compression' || name === 'platform:zlib' ? 50 : 100_000 // streams that may be open; the system may count in ticks
    for (let i = 0; i < most && native.cpuMs === 0; i++) native.callSync(method, args, Buffer.alloc(0))
    assert.ok(native.cpuMs > 0, name)
    native.close()
  }
})
