import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLogLines } from '../../src/core/runner-messages.ts'

test('log lines are read from JSON', () => {
  assert.deepEqual(parseLogLines('[[1700000000000.5,"warn","a\\n"],[0,"log",""]]'), [[1_700_000_000_000.5, 'warn', 'a\n'], [0, 'log', '']])
})

test('a line of another form, of an unknown level, or of a time that no date has is refused', () => {
  for (const line of ['{}', '[1,"log"]', '[1,"log","a",1]', '["1","log","a"]', '[1,"loud","a"]', '[1,"log",1]', '[1e999,"log","a"]', '[4320000000000001,"log","a"]', '[-1,"log","a"]']) {
    assert.throws(() => parseLogLines(`[${line}]`), TypeError, line)
  }
})
