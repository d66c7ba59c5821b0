import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineTool } from '../../src/tools/tool.ts'

const definition = { name: 'rates', description: 'tells rates', config: z.strictObject({}), guest: null }

test('a tool whose name is no identifier is not defined', () => {
  assert.throws(() => defineTool({ ...definition, name: 'my-rates' }), /Cannot define tool "my-rates": its name is not an identifier/)
})

test('neither is one that says nothing of its guest half, as plain JavaScript may', () => {
  const { guest: _, ...rest } = definition

  assert.throws(() => Reflect.apply(defineTool, undefined, [rest]), /Cannot define tool "rates": its guest is neither the URL of a module nor null/)
})

test('neither is one whose interfaces could not be globals beside it', () => {
  for (const wrong of ['Rate,Other', 'my-rate', '', 'rates']) {
    assert.throws(() => defineTool({ ...definition, interfaces: ['Rate', wrong] }), new RegExp(`Cannot define tool "rates": its interface "${wrong}" is not an identifier`))
  }
})

test('neither is one with permissions that nobody can be granted', () => {
  assert.throws(() => defineTool({ ...definition, permissions: { net: ['10.0.0.0/8'] } }), /Cannot use tool "rates": its permissions are not .*10\.0\.0\.0\/8/)
  assert.throws(() => defineTool({ ...definition, permissions: { run: true } }), /its permissions are not .*"run":true/)
})

test('hosts that a tool brings along are as URLs have them', () => {
  const tool = defineTool({ ...definition, permissions: { net: ['HTTPS://Rates.Example'] } }).setup({})

  assert.deepEqual(tool.permissions({ tenant: 'acme', tags: {} }), { net: ['rates.example:443'] })
})
