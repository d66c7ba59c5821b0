import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseWait } from '../../src/api/prefer.ts'

test('wait is read out of a Prefer header, and clamped', () => {
  const headers = { 'wait=5': 5, 'WAIT = 5': 5, 'wait="7"': 7, 'respond-async, wait=10': 10, 'wait=3; foo=bar': 3, 'wait=0': 0, 'wait=100': 60, 'wait=4, wait=9': 4 }
  for (const [header, seconds] of Object.entries(headers)) assert.equal(parseWait(header), seconds, header)
  assert.equal(parseWait(['handling=lenient', 'wait=2']), 2)
})

test('a preference that is absent or malformed is ignored', () => {
  for (const header of [undefined, '', 'wait', 'wait=', 'wait=-1', 'wait=1.5', 'wait=abc', 'await=5', 'wait=99999999999']) assert.equal(parseWait(header), undefined, String(header))
})
