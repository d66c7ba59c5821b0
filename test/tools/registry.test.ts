import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { listToolNames, loadTools } from '../../src/tools/registry.ts'

const PROBE = fileURLToPath(new URL('../engine/fixtures/probe-tool/tool.ts', import.meta.url))

test('the names are those of the shipped tools and of the operator\'s own', () => {
  assert.ok(listToolNames({ own: '' }).includes('echo'))
  assert.ok(listToolNames({ own: 'probe=/x.ts,other=/a=b.ts' }).includes('other'))
})

const REFUSED: [what: string, settings: { own?: string, config?: string }, words: RegExp][] = [
  ['a configuration that is not JSON', { config: '{' }, /BATCHBOX_TOOL_CONFIG is not a JSON object of objects/],
  ['a configuration of no objects', { config: '{"echo":1}' }, /BATCHBOX_TOOL_CONFIG is not a JSON object of objects/],
  ['a configuration of a tool that there is not', { config: '{"ecco":{}}' }, /configures "ecco", which is no tool; known: .*crypto, db, echo/],
  ['a member that a tool does not know', { config: '{"echo":{"volume":11}}' }, /configuration of tool "echo" is not valid\n.*volume/s],
  ['a value out of bounds', { config: '{"echo":{"maxChars":0}}' }, /maxChars/],
  ['a module that is not there', { own: 'x=/nowhere/x.ts' }, /nowhere/],
  ['a module that defines no tool', { own: `x=${fileURLToPath(import.meta.url)}` }, /has no default export made by defineTool/],
  ['a tool with the name of one that every job has', { own: `checkpoint=${PROBE}` }, /calls ".*tool\.ts" checkpoint, which every job has on its context; give it another name/],
  ['a tool of another name', { own: `x=${PROBE}` }, /its tool is named "probe"/],
]
for (const [what, settings, words] of REFUSED) {
  test(`${what} stops the start`, async () => {
    await assert.rejects(loadTools({ own: '', config: '{}', ...settings }), words)
  })
}
