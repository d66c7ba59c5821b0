import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBlockReader, type Block } from '../../clients/sdk/src/live/event-stream.ts'

const STREAM = [
  'retry: 1000', 'id: 7', '',
  ': a comment', '',
  'id: 8', 'event: job.log', 'data: {"a":', 'data:  "b: c"}', 'unknown: field', 'lonely', '',
  'event:job.end', 'data:{}', '',
  'data: cut off before its end',
]
const BLOCKS: Block[] = [
  { event: '', data: '', id: '7' },
  { event: '', data: '', id: undefined },
  { event: 'job.log', data: '{"a":\n "b: c"}', id: '8' },
  { event: 'job.end', data: '{}', id: undefined },
]

for (const [name, end] of [['LF', '\n'], ['CRLF', '\r\n']] as const) {
  test(`a stream with ${name} is read alike however it is cut`, () => {
    const text = STREAM.join(end)
    for (let size = 1; size <= text.length; size++) {
      const read = createBlockReader()
      const blocks: Block[] = []
      for (let at = 0; at < text.length; at += size) blocks.push(...read(text.slice(at, at + size)))

      assert.deepEqual(blocks, BLOCKS, `in pieces of ${size}`)
    }
  })
}
