import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { defineTool, type Tool } from '../../src/tools/tool.ts'

const tool: Tool = defineTool({
  name: 'probe',
  description: '',
  config: z.strictObject({
    count: z.int().min(1).max(100).default(10),
    share: z.number().default(0.5),
    isOn: z.boolean().default(false),
    kinds: z.array(z.string()).default(['a', 'b']),
    scope: z.enum(['wide', 'middle', 'small']).default('middle'),
    url: z.string().default('https://operator.example/'),
    secret: z.string().default('s3cret'),
  }),
  narrows: ['count', 'share', 'isOn', 'kinds', 'scope', 'url'],
  guest: null,
  expose: (config) => config,
}).setup({})

/** As a job would have sent it. */
const narrow = (asked: string): unknown => JSON.parse(tool.narrow(JSON.parse(asked) as Record<string, unknown>).exposed)

test('a job may say what holds a tool to less, or to the same', () => {
  const own = narrow('{}') as object
  const asked = ['{"count":1}', '{"count":10}', '{"share":-1}', '{"kinds":[]}', '{"kinds":["b","b"]}', '{"scope":"small"}', '{"scope":"middle"}', '{"isOn":false}', '{"url":"https://operator.example/"}']

  for (const text of asked) assert.deepEqual(narrow(text), { ...own, ...JSON.parse(text) as object }, text)
})

/** What is more than the operator's, or other, or nothing that the tool could be held to: negative numbers of things, parts of one, words that there are not. */
const REFUSED = [
  '{"count":11}', '{"count":0}', '{"count":-1}', '{"count":-1e300}', '{"count":1.5}', '{"count":1e999}', '{"count":-1e999}', '{"count":"1"}', '{"count":null}', '{"count":[1]}', '{"count":{"valueOf":1}}', '{"count":true}',
  '{"share":0.6}', '{"share":-1e999}', '{"isOn":true}', '{"isOn":0}', '{"isOn":null}',
  '{"kinds":["c"]}', '{"kinds":"a"}', '{"kinds":{"length":0}}', '{"kinds":[["a"]]}', '{"kinds":null}', '{"kinds":["a","__proto__"]}',
  '{"scope":"wide"}', '{"scope":"Small"}', '{"scope":"constructor"}', '{"scope":2}', '{"scope":["small"]}',
  '{"url":"https://other.example/"}', '{"url":null}', '{"secret":"s3cret"}', '{"other":1}', '{"__proto__":{"count":99}}', '{"constructor":1}', '{"toString":1}', '{"":1}',
]
for (const asked of REFUSED) {
  test(`a job that says ${asked} is refused by name`, () => {
    assert.throws(() => narrow(asked), { name: 'JobError', code: 'INVALID', message: /^Cannot run job: toolConfig\.probe\./ })
  })
}
