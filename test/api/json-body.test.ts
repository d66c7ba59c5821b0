import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_NESTING, parseJsonBody } from '../../src/api/json-body.ts'

const nest = (depth: number, inside = '') => Buffer.from('['.repeat(depth) + inside + ']'.repeat(depth))

test('JSON is parsed, an empty body is none', () => {
  assert.deepEqual(parseJsonBody(Buffer.from('{"a":[1,"é",null]}')), { a: [1, 'é', null] })
  assert.equal(parseJsonBody(Buffer.alloc(0)), undefined)
})

test('nesting is allowed up to its bound, wherever brackets stand', () => {
  assert.ok(Array.isArray(parseJsonBody(nest(MAX_NESTING))))
  assert.throws(() => parseJsonBody(nest(MAX_NESTING + 1)), { code: 'INVALID' })
  assert.throws(() => parseJsonBody(Buffer.from('{"a":'.repeat(5000))), { code: 'INVALID' })
})

test('brackets in strings do not nest, whatever is escaped before their ends', () => {
  const brackets = '['.repeat(2000)
  for (const text of [brackets, `\\"${brackets}`, `${brackets}\\\\`, `\\\\\\"${brackets}\\\\\\"`]) {
    assert.ok(parseJsonBody(Buffer.from(`["${text}", "${text}"]`)))
  }
  assert.throws(() => parseJsonBody(Buffer.from(`["\\\\", ${brackets}]`)), { code: 'INVALID' })
})

test('strings end where they end, however long they are and wherever something in them is escaped', () => {
  for (let length = 0; length < 140; length++) {
    for (const escaped of ['\\\\', '\\"', '\\\\\\"', '\\u005b']) {
      const text = `${'x'.repeat(length)}${escaped}`
      const body = [`${text}["]`, text, { [text]: `["${text}` }]
      assert.deepEqual(parseJsonBody(Buffer.from(JSON.stringify(body))), body)
      assert.throws(() => parseJsonBody(Buffer.from(`["${text}", ${'['.repeat(MAX_NESTING)}]`)), { code: 'INVALID' }, text)
    }
  }
})

test('what is neither UTF-8 nor JSON is malformed', () => {
  for (const bytes of [Buffer.from([0x22, 0xc3, 0x22]), Buffer.from('{'), Buffer.from('"open'), Buffer.from('{"a":1}}'), Buffer.from('﻿{}')]) {
    assert.throws(() => parseJsonBody(bytes), { code: 'BAD_REQUEST' })
  }
})

test('a member called __proto__ is a member like any other', () => {
  const parsed = parseJsonBody(Buffer.from('{"__proto__":{"polluted":true}}')) as object // an object was written

  assert.deepEqual(Object.keys(parsed), ['__proto__'])
  assert.equal(({} as { polluted?: boolean }).polluted, undefined) // an empty object has none
})
