import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Death, findSuspect } from '../../src/engine/suspect.ts'

const MB = 1_048_576

function suspect (source: string, { evidence, ...more }: Partial<Omit<Death, 'evidence'>> & { evidence?: Partial<Death['evidence']> } = {}) {
  return findSuspect({
    source, cpuMs: 10, shared: false, limits: { memoryMb: 128, cpuMs: 10_000 },
    evidence: { signal: 'SIGKILL', reason: 'The process ended by itself', stderr: '', memoryCurve: [[0, 0], [100, 5 * MB]], ...evidence },
    ...more,
  })
}

test('somebody outside killed it: nothing is suspected, whatever the code calls', () => {
  assert.equal(suspect('JSON.stringify(x); 3n ** 5n; a.split(b)'), null)
})

test('an end by its own hand without a word and without a known call stays unexplained', () => {
  assert.equal(suspect('export default () => 1', { evidence: { signal: 'SIGSEGV' } }), null)
})

test('V8\'s words about memory name the limit and the calls', () => {
  const found = suspect('export default () => new Array(2 ** 32 - 1).fill(0)', { evidence: { signal: 'SIGTRAP', stderr: 'Fatal JavaScript invalid array length 4294967295' } })

  assert.deepEqual(found, { limit: 'memoryMb', builtIns: ['new Array', 'fill'], why: 'its last words were of "invalid array length"' })
})

test('a memory that ends near its limit names the limit, unless others were in the process', () => {
  const evidence = { memoryCurve: [[0, 0], [100, 110 * MB]] as [number, number][] }

  assert.deepEqual(suspect('', { evidence }), { limit: 'memoryMb', builtIns: [], why: 'it had grown by 110 MB at the last look, memoryMb is 128' })
  assert.equal(suspect('', { evidence, shared: true }), null)
})

test('processor time that ends near its limit names the limit', () => {
  assert.deepEqual(suspect('String(3n ** (3n ** 17n))', { cpuMs: 9000 }), { limit: 'cpuMs', builtIns: ['BigInt **'], why: 'it had taken 9000 ms of processor time, cpuMs is 10000' })
})

test('a thread that hung names the calls', () => {
  assert.deepEqual(suspect('x.sort()', { evidence: { reason: 'A thread of the runner gave no sign of life for 5 s' } }), { limit: null, builtIns: ['sort'], why: 'its thread hung' })
})

for (const [name, source] of [
  ['BigInt **', 'a = 3n**b'], ['BigInt **', 'a = b ** (5n)'], ['BigInt <<', '(1n << x)'], ['JSON.stringify', 'JSON . stringify(x)'], ['JSON.parse', 'const { parse } = JSON; JSON.parse'],
  ['new RegExp', 'new RegExp(x)'], ['new RegExp', 'RegExp (x)'], ['fill', 'new Uint8Array(1).fill (1)'], ['split', '"".split(x)'], ['indexOf', 'Array.prototype.indexOf.call(x)'], ['Intl', 'new Intl.Segmenter()'],
] as const) {
  test(`${name} is found in: ${source}`, () => {
    assert.ok(suspect(source, { evidence: { signal: 'SIGABRT' } })?.builtIns.includes(name))
  })
}

test('a million characters made against the search take no time', () => {
  for (const part of ['1', '1n', ' ', '.fill ', '** ', '**(', 'JSON ', 'Array', '<<  ', '.']) {
    const before = process.threadCpuUsage()
    suspect(part.repeat(1_000_000 / part.length), { evidence: { signal: 'SIGABRT' } })
    const { user } = process.threadCpuUsage(before)
    assert.ok(user < 1_000_000, `${part}: ${user} µs`)
  }
})
