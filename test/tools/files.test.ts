import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { Permissions, type PermissionsRequest } from '../../src/core/permissions.ts'
import { createRunFiles, type RunFiles } from '../../src/worker/run-files.ts'
import { startEngine, type RunOptions } from '../helpers/engine.ts'
import { openTestFiles, putFile } from '../helpers/files.ts'
import { acceptJob, beginJob, openStore } from '../helpers/store.ts'

const { resultOf, failureOf, run } = await startEngine()

/** A run of a job that is in a store, with files. What is not said is granted. */
async function beginWithFiles (t: TestContext, permissions: PermissionsRequest = { read: true, write: true }) {
  const db = await openStore(t)
  const files = openTestFiles(t, db)
  const begun = await beginJob(db, await acceptJob(db))
  const own = (options: Partial<Parameters<typeof createRunFiles>[1]> = {}): { mine: RunFiles, own: RunOptions } => {
    const mine = createRunFiles(files, { run: begun.run, maxBytes: 10_000_000, ...options })
    t.after(() => mine.close())
    return { mine, own: { tools: ['files'], run: begun.run, files: mine, permissions: Permissions.parse(permissions) } }
  }
  return { db, files, begun, begin: own, ...own() }
}

/** What a run has written, by the names of its files. */
async function readWritten ({ files, mine }: Pick<Awaited<ReturnType<typeof beginWithFiles>>, 'files' | 'mine'>): Promise<Record<string, string>> {
  const outputs = await mine.commit(true)
  const contents = outputs.map(async ({ name, id, extents }) => [name, (await buffer(await files.open({ name, id, extents: [...extents], bytes: extents.reduce((sum, { bytes }) => sum + bytes, 0) }))).toString()])
  return Object.fromEntries(await Promise.all(contents)) as Record<string, string>
}

test('code reads a file whole, line by line, chunk by chunk, and a part of it', async (t) => {
  const { files, own } = await beginWithFiles(t)
  const text = `\ufeffgrüß 🚀\r\n\n${'ä'.repeat(3000)}\nlast`
  const { id } = await putFile(files, 'a.txt', text)
  await putFile(files, 'empty', '')
  await putFile(files, 'b.json', '{"a":[1]}')
  const code = `export default async () => {
    const chunks = []
    for await (const chunk of files.chunks('a.txt')) chunks.push(chunk.length)
    const part = await files.readBytes('a.txt', { start: 3, end: 7 })
    return {
      text: await files.readText('a.txt'), lines: await Array.fromAsync(files.lines('a.txt')), json: await files.readJson('b.json'), chunks, part: [part instanceof Uint8Array, ...part],
      whole: (await files.readBytes('a.txt')).length, empty: [await files.readText('empty'), await Array.fromAsync(files.lines('empty')), await Array.fromAsync(files.chunks('empty'))],
      stat: await files.stat('a.txt'), none: await files.stat('nothing') === undefined, names: (await files.list()).files.map(({ name }) => name).sort(),
    }
  }`

  const read = await resultOf(code, { ...own, toolConfig: { files: { chunkBytes: 1024 } } }) as Record<string, unknown>

  const bytes = Buffer.byteLength(text)
  assert.deepEqual(read['text'], text.slice(1))
  assert.deepEqual(read['lines'], ['grüß 🚀', '', 'ä'.repeat(3000), 'last'])
  assert.deepEqual(read['json'], { a: [1] })
  assert.deepEqual(read['chunks'], [...Array.from({ length: Math.floor(bytes / 1024) }, () => 1024), bytes % 1024])
  assert.deepEqual(read['part'], [true, ...Buffer.from('grü')])
  assert.deepEqual([read['whole'], read['empty'], read['none'], read['names']], [bytes, ['', [], []], true, ['a.txt', 'b.json', 'empty']])
  assert.partialDeepStrictEqual(read['stat'], { id, name: 'a.txt', bytes, type: 'text/plain', encoding: null, isOwn: false })
})

test('what is compressed is decompressed, unless code wants it as it is stored', async (t) => {
  const { files, own } = await beginWithFiles(t)
  const stored = gzipSync('one\ntwo\n')
  await putFile(files, 'a.gz', stored, { encoding: 'gzip' })
  await putFile(files, 'b', zstdCompressSync('three'), { encoding: 'zstd' })
  await putFile(files, 'c.txt.gz', gzipSync('four'))
  await putFile(files, 'cut', stored.subarray(0, -6), { encoding: 'gzip' })
  const code = `export default async () => [await Array.fromAsync(files.lines('a.gz')), await files.readText('b'), String.fromCharCode(...await files.readBytes('b')),
    await files.readText('c.txt.gz'), (await files.readBytes('c.txt.gz'))[0], (await files.readBytes('a.gz', { decode: false })).length, await files.readBytes('a.gz', { start: 1 }).catch(({ message }) => message), await files.readText('cut').catch(({ message }) => message)]`

  const read = await resultOf(code, own) as unknown[]

  assert.deepEqual(read.slice(0, 6), [['one', 'two'], 'three', 'three', 'four', 0x1f, stored.length])
  assert.match(String(read[6]), /^Cannot read a part of "a\.gz": its content is stored with gzip; read all of it/)
  assert.match(String(read[7]), /^Cannot read "cut": .*byte \d+/)
})

test('what code writes comes in the order of its calls, whole, and in place of what it wrote before', async (t) => {
  const context = await beginWithFiles(t)
  const code = `export default async () => {
    const rocket = 'x' + '🚀'.repeat(200_000)
    const writes = [files.append('log', 'a'), files.append('log', rocket), files.append('log', new Uint8Array([98])), files.append('log', { c: 1 })]
    await Promise.all(writes)
    await files.write('new', 'before')
    await files.write('new', new Uint8Array(1_500_000).fill(110), { type: 'image/x-mine' })
    const seen = [(await files.readText('log')).length, (await files.stat('new')).bytes, (await files.list()).files.map(({ name, isOwn }) => [name, isOwn])]
    void files.append('log', 'the last')
    return seen
  }`

  const seen = await resultOf(code, context.own)
  const written = await readWritten(context)

  assert.deepEqual(seen, [400_010, 1_500_000, [['log', true], ['new', true]]])
  assert.equal(written['log'], `ax${'🚀'.repeat(200_000)}b{"c":1}the last`)
  assert.equal(written['new'], 'n'.repeat(1_500_000))
  assert.deepEqual((await context.mine.commit(true)).map(({ name, type, isComplete }) => [name, type, isComplete]), [['log', 'text/plain; charset=utf-8', true], ['new', 'image/x-mine', true]])
})

test('nobody sees what was not committed, and a run that goes on from a commit has what was in it and no more', async (t) => {
  const { files, begun, begin, mine, own } = await beginWithFiles(t)
  await resultOf('export default () => files.append("log", "one")', own)
  const before = await mine.commit(false)
  await files.commit(begun.run, before)
  await resultOf('export default () => files.append("log", "lost")', own)

  const next = begin({ before })
  const read = await resultOf('export default async () => { await files.append("log", "two"); return files.readText("log") }', next.own)

  assert.equal(read, 'onetwo')
  assert.deepEqual(await readWritten({ files, mine: next.mine }), { log: 'onetwo' })
  assert.equal(await files.find(begun.run.tenant, before[0]?.id ?? ''), undefined)
})

test('code gets what the job was granted; a denial names what would grant it, and the receipt has both', async (t) => {
  const { files, own } = await beginWithFiles(t, { read: ['a', 'gru\u0308n'], write: ['out'] })
  for (const name of ['a', 'b', 'grün']) await putFile(files, name, name)
  const code = `export default async () => {
    await files.write('out', 'mine')
    return [await files.readText('a'), await files.readText('gru\u0308n'), await files.readText('out'), (await files.list()).files.map(({ name }) => name)]
  }`

  const { report } = await run(code, own)
  const unread = await failureOf('export default () => files.readText("b")', own)
  const unseen = await failureOf('export default () => files.stat("b")', own)
  const unwritten = await failureOf('export default () => files.append("a", "b")', own)
  const nothing = await failureOf('export default () => files.readText("a")', { ...own, permissions: 'none' })

  assert.equal(report.outcome.type === 'succeeded' && report.outcome.result, '["a","grün","mine",["out","a","grün"]]')
  assert.deepEqual([unread.code, unread.message], ['PERMISSION_DENIED', 'Cannot read "b": the job was not granted it; permissions.read would have to name "b"'])
  assert.deepEqual([unseen.code, nothing.code], ['PERMISSION_DENIED', 'PERMISSION_DENIED'])
  assert.deepEqual([unwritten.code, unwritten.message], ['PERMISSION_DENIED', 'Cannot write "a": the job was not granted it; permissions.write would have to name "a"'])
  assert.partialDeepStrictEqual(report.receipt.lines.filter(({ grant }) => grant === 'read' || grant === 'write'), [
    { grant: 'write', target: 'out', count: 1, sentBytes: 4 }, { grant: 'read', target: 'a', receivedBytes: 1 }, { grant: 'read', target: 'grün', receivedBytes: 5 }, { grant: 'read', target: 'out', receivedBytes: 4 },
  ])
})

test('a name stands for the same file as long as the run goes on', async (t) => {
  const { files, own } = await beginWithFiles(t)
  await putFile(files, 'a', 'old')
  const code = `export default async () => { const seen = [await files.readText('a')]; await new Promise((resolve) => { console.log('read'); setTimeout(resolve, 1) }); while (!(await files.stat('go'))); return [...seen, await files.readText('a')] }`

  const answer = await resultOf(code, { ...own, async onLog () { await putFile(files, 'a', 'newer'); await putFile(files, 'go', '') }, limits: { toolCalls: 100_000 } }).catch(String)

  assert.ok(JSON.stringify(answer) === '["old","old"]' || /FILE_GONE|gone/i.test(JSON.stringify(answer)), JSON.stringify(answer))
})

const WRONG: [call: string, message: RegExp, code?: string][] = [
  [`files.readText('nothing')`, /^Cannot read "nothing": there is no such file$/],
  [`files.readText('')`, /^Cannot call files\.open: name: /],
  [`files.readText('a\\0b')`, /^Cannot call files\.open: name: /],
  [`files.readText(5)`, /^Cannot call files\.open: name: /],
  [`files.write('..', '')`, /^Cannot call files\.write: name: A name of dots alone/],
  [`files.write('fil_1', '')`, /^Cannot call files\.write: name: What begins with fil_/],
  [`files.write('\\ud800', '')`, /^Cannot call files\.write: name: /],
  [`files.write('a', () => 1)`, /^Cannot write the file: the content is no text, no bytes, and has no JSON form$/, 'USER_ERROR'],
  [`files.write('a', '', { type: 'a\\nb' })`, /^Cannot call files\.write: type: Expected a media type$/],
  [`files.write('taken.ndjson', '')`, /^Cannot write "taken\.ndjson": the transform writes a file of that name; choose another$/],
  [`files.readText('latin1')`, /^Cannot read "latin1" as text: it is not UTF-8, at or after byte 0 of its content; read it with readBytes or chunks$/],
  [`files.readBytes('latin1', { start: -1 })`, /^Cannot call files\.range: start: /],
  [`files.write('big', new Uint8Array(2_000_001))`, /^Cannot write "big": the run has written 1048576 bytes, and may write 2000000 \(maxWriteBytes of tool files\)$/, 'TOOL_LIMIT'],
  [`Promise.all(['a', 'b', 'c'].map((name) => files.write(name, '')))`, /^Cannot write "c": the run has written 2 files, the most \(maxFiles of tool files\)$/, 'TOOL_LIMIT'],
  [`Promise.all([1, 2, 3].map(() => files.lines('long').next()))`, /^Cannot read "long": 2 files are being read, the most at one time \(maxOpen of tool files\)/, 'TOOL_LIMIT'],
  [`(async () => { for (;;) await files.readText('long') })()`, /^Cannot read "long": the run has read \d+ bytes, and may read 50000 \(maxReadBytes of tool files\)$/, 'TOOL_LIMIT'],
  [`(async () => { for (;;) await files.readBytes('long') })()`, /^Cannot read "long": the run has read \d+ bytes, and may read 50000 \(maxReadBytes of tool files\)$/, 'TOOL_LIMIT'],
]
test('what is wrong or too much is refused, and says why', async (t) => {
  const { files, begin } = await beginWithFiles(t)
  await putFile(files, 'latin1', Buffer.from([0xe4, 0x20]))
  await putFile(files, 'long', 'x'.repeat(20_000))
  const toolConfig = { files: { maxWriteBytes: 2_000_000, maxFiles: 2, maxOpen: 2, maxReadBytes: 50_000, chunkBytes: 4096 } }

  for (const [call, message, code = 'TOOL_ERROR'] of WRONG) {
    await t.test(call, async () => {
      const { own } = begin({ reserved: ['taken.ndjson'] })

      const failure = await failureOf(`export default () => ${call}`, { ...own, toolConfig })

      assert.match(failure.message, message)
      assert.equal(failure.code, code)
    })
  }
})

test('what the files of a job may have together is limits.outputBytes', async (t) => {
  const { begin } = await beginWithFiles(t)
  const { own } = begin({ maxBytes: 10 })

  const failure = await failureOf('export default async () => { for (;;) await files.write("a", "1234") }', own)

  assert.deepEqual([failure.code, failure.message], ['TOOL_LIMIT', 'Cannot write "a": the run has written 8 bytes, and its files may have 10 (limits.outputBytes)'])
})

test('a file that is left in the middle is closed, and can be read again', async (t) => {
  const { files, own } = await beginWithFiles(t)
  await putFile(files, 'long', 'line\n'.repeat(10_000))
  const code = 'export default async () => { let lines = 0; for (let i = 0; i < 50; i++) for await (const line of files.lines("long")) { lines++; break } return lines }'

  assert.equal(await resultOf(code, { ...own, toolConfig: { files: { maxOpen: 1, chunkBytes: 1024 } } }), 50)
})

test('a run that lost its job writes nothing that counts', async (t) => {
  const { db, files, begun, mine, own } = await beginWithFiles(t)
  await beginJob(db, begun.run.jobId)

  const failure = await failureOf('export default () => files.write("late", "1")', own)

  assert.match(failure.message, /lost its job|fenced/)
  await assert.rejects(mine.commit(true), /Cannot go on with file "late"/)
  assert.deepEqual(await files.ofJob(begun.run.jobId), [])
})

test('prototypes that were tampered with hear nothing of what is read and written', async (t) => {
  const context = await beginWithFiles(t)
  await putFile(context.files, 'a', 'content')
  const code = `export default async () => {
    let heard = ''
    for (const key of ['text', 'bytes', 'append', 'parts', 'type', 'stream', 'name', 'start', 'end', 'resolve', 'reject', 'trace']) {
      for (const target of [Object.prototype, Promise.prototype, Function.prototype, String.prototype]) {
        Object.defineProperty(target, key, { configurable: true, get () { heard += ' get ' + key }, set () { heard += ' set ' + key } })
      }
    }
    Promise.prototype.then = JSON.parse = JSON.stringify = String.prototype.slice = () => { heard += ' called' }
    await files.write('b', 'mine')
    return await files.readText('a') + heard
  }`

  assert.equal(await resultOf(code, context.own), 'content')
})
