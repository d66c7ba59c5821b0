import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatJson, formatTable, formatValue, type Report } from '../../bench/report.ts'
import { isMet } from '../../bench/row.ts'

const REPORT: Report = {
  startedAt: '2026-01-01T00:00:00.000Z',
  machine: { node: 'v26.10.0', platform: 'linux x64', cpu: 'a processor', cpus: 2, loadAverage: 0.5 },
  rows: [
    {
      id: 'a', title: 'Some row', seconds: 3, figures: [
        { name: 'one ÷ other', value: 0.51234, unit: 'ratio', target: { type: 'at least', value: 0.5 } },
        { name: 'too slow', value: 25, unit: 'ms', target: { type: 'at most', value: 20 } },
        { name: 'one', value: 1234.5, unit: 'per second' },
      ],
    },
    { id: 'b', title: 'Another row', seconds: 1, figures: [], error: 'it broke' },
  ],
}

test('a figure without a target is neither met nor missed', () => {
  assert.equal(isMet({ name: 'x', value: 1, unit: 'ms' }), undefined)
})

test('a figure that is exactly at its target meets it, from either side', () => {
  assert.equal(isMet({ name: 'x', value: 2, unit: 'ms', target: { type: 'at most', value: 2 } }), true)
  assert.equal(isMet({ name: 'x', value: 2, unit: 'ms', target: { type: 'at least', value: 2 } }), true)
})

test('values have three digits and their unit', () => {
  assert.equal(formatValue({ value: 0.51234, unit: 'ratio' }), '0.512 ×')
  assert.equal(formatValue({ value: 1234.5, unit: 'per second' }), '1235 /s')
  assert.equal(formatValue({ value: 4.567, unit: 'ms' }), '4.57 ms')
  assert.equal(formatValue({ value: 0, unit: 'bytes' }), '0 bytes')
})

test('the table shows each figure with its target and whether it was met, and counts them', () => {
  const lines = formatTable(REPORT).split('\n')

  assert.match(lines.find((line) => line.includes('one ÷ other')) ?? '', /0\.512 × +≥ 0\.5 +met$/)
  assert.match(lines.find((line) => line.includes('too slow')) ?? '', /25\.0 ms +≤ 20 +NOT MET$/)
  assert.ok(lines.some((line) => line.includes('failed: it broke')))
  assert.equal(lines.at(-1), '1 of 2 targets met, 1 rows failed')
})

test('the JSON document says of every figure with a target whether it was met', () => {
  const parsed = JSON.parse(formatJson(REPORT)) as { version: number, rows: { figures: { met?: boolean }[], error?: string }[] }

  assert.equal(parsed.version, 1)
  assert.deepEqual(parsed.rows[0]?.figures.map(({ met }) => met), [true, false, undefined])
  assert.equal(parsed.rows[1]?.error, 'it broke')
})
