import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCrashWords } from '../../src/engine/crash-words.ts'
import { startEngine } from '../helpers/engine.ts'

const { run } = await startEngine({ lanes: 1, spares: 0 })

test('words stay, frames of native code, addresses and paths go', () => {
  const stderr = `

#
# Fatal error with no security impact:
# Fatal JavaScript invalid size error 134217733 (see crbug.com/1201626)
#

----- Native stack trace -----

 1: 0xaa1c41  [/srv/app/node_modules/bin/node]
 2: 0x28ff03f v8::base::FatalNoSecurityImpact(char const*, ...) [/srv/app/node_modules/bin/node]
Error: no memory at 0x7f12aa00
    at open (file:///srv/app/src/engine/runner/main.ts:12:3)
`

  assert.equal(readCrashWords(stderr), [
    'Fatal error with no security impact:',
    'Fatal JavaScript invalid size error 134217733 (see crbug.com/1201626)',
    'Error: no memory at 0x…',
    '    at open (main.ts:12:3)',
  ].join('\n'))
})

test('endless words are cut', () => {
  assert.equal(readCrashWords('x'.repeat(5000)).length, 1000)
})

test('code that makes V8 give up its process leaves V8\'s words, what it did last and a suspect, and nothing of the machine', async () => {
  const { report: { outcome } } = await run(`export default async () => {
    console.warn('the last word')
    await new Promise((resolve) => setTimeout(resolve, 300))
    return 'x'.repeat(2 ** 27 + 5).split('').length
  }`)

  assert.equal(outcome.type, 'crashed', JSON.stringify(outcome))
  assert.equal(outcome.evidence.signal, 'SIGTRAP')
  assert.match(outcome.evidence.stderr, /Fatal JavaScript invalid size error/)
  assert.deepEqual(outcome.evidence.lastLogs, ['warn: the last word'])
  assert.deepEqual(outcome.evidence.suspect, { limit: 'memoryMb', builtIns: ['split', 'repeat'], why: 'its last words were of "invalid size"' })
  if (process.platform === 'linux') assert.ok(outcome.evidence.memoryCurve.length > 0)
  assert.doesNotMatch(outcome.evidence.stderr, /\/\w+\/|0x[0-9a-f]{4}|node_modules/)
})

test('words made to keep a reader busy take no time', () => {
  const started = performance.now()

  for (const text of ['-', '#', ' ', '1', '/', '/a', '0x', '[0x1', '1: 0x1', '--- ']) readCrashWords(`${text.repeat(4096 / text.length)}x`)

  assert.ok(performance.now() - started < 1000)
})

test('nothing is left that a terminal would obey', () => {
  assert.equal(readCrashWords('\u001B[2Jgone\u009B31m\u202Eder\r\0\n\ttab'), '[2Jgone31mder\n\ttab')
})
