import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RecordError } from '../../src/core/records.ts'
import { checkJson } from '../../src/records/check-json.ts'

/** Byte that is refused; null for a content that is JSON. */
async function findWrong (text: string | Buffer, maxDepth = 1000): Promise<number | null> {
  try {
    await checkJson(Buffer.from(text), maxDepth)
    return null
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error))
    return error.byte
  }
}

const WRONG: [content: string | Buffer, byte: number][] = [
  ['', 0], ['  ', 2], ['{"a":1', 6], ['{"a":1}}', 7], ['[1,]', 3], ['[,1]', 1], ['{"a" 1}', 5], ['{a:1}', 1], ['{"a":1,}', 7], ['[1 2]', 3], ['nul', 3], ['nulL', 3], ['01', 1], ['-', 1],
  ['1.', 2], ['1.e1', 2], ['1e', 2], ['1e+', 3], ['+1', 0], ['"\t"', 1], ['"\\x"', 2], ['"\\u12g4"', 2], ['"abc', 4], ["'a'", 0], ['[1}', 2], ['{"a":1]', 6], ['1 true', 2], ['\ufeff1', 0], ['[NaN]', 1],
  [Buffer.from([0x22, 0x61, 0xff, 0x22]), 2], [Buffer.from([0x22, 0xc3, 0xa4, 0xe2, 0x82, 0x22]), 3], [Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 1], [Buffer.from([0x22, 0xf0, 0x9f, 0x9a]), 1],
]
for (const [content, byte] of WRONG) {
  test(`${JSON.stringify(String(content))} is wrong at byte ${byte}`, async () => {
    assert.equal(await findWrong(content), byte)
  })
}

test('what JSON.parse takes is taken, and nothing else', async () => {
  const bits = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '"a"', '\\', '\\n', '\\u00e4', '1', '0', '-', '.', 'e', 'E+', 'true', 'null', 'fals', ' ', '\n', '\v', 'ä', '🚀'), { maxLength: 12 }).map((each) => each.join(''))
  await fc.assert(fc.asyncProperty(fc.oneof(fc.json(), bits), async (text) => {
    let isJson = true
    try { JSON.parse(text) } catch { isJson = false }
    assert.equal(await findWrong(text) === null, isJson)
  }), { numRuns: 5000 })
})

test('nesting is bounded, and named where it is too deep', async () => {
  assert.equal(await findWrong('[[[]]]', 3), null)
  assert.equal(await findWrong('[[[]]]', 2), 2)
  assert.equal(await findWrong('['.repeat(1_000_000), 500), 500)
})

test('others have their turn while a long text is checked, and it is checked to its end', async () => {
  const long = ['\\u00e4', 'x', '\\"'].map((part) => part.repeat(200_000))
  for (const text of long) {
    let turns = 0
    let isOver = false
    const count = (): void => {
      turns += 1
      if (!isOver) setImmediate(count)
    }
    setImmediate(count)

    const found = [await findWrong(`"${text}"`), await findWrong(`{"${text}":"${text}"}`), await findWrong(`["${text}`), await findWrong(`["${text}\\x"]`), await findWrong(`["${text}\n"]`)]
    isOver = true

    assert.deepEqual(found, [null, null, text.length + 2, text.length + 3, text.length + 2])
    assert.ok(turns > 10, String(turns))
  }
})
