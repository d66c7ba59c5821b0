import { execute, startEngine } from '../engine.ts'
import type { Figure, Row } from '../row.ts'
import { median } from '../statistics.ts'

const RUNS = 15

/** What code does that uses a part of the platform for the first time in its run. Each is one expression, or a promise of one. */
const USES: Readonly<Record<string, string>> = {
  URL: `new URL('https://user@example.com:8080/a/../b?x=1#y').href`,
  URLSearchParams: `new URLSearchParams('a=1&b=2').get('b')`,
  TextEncoder: `new TextEncoder().encode('grün').length`,
  AbortController: `new AbortController().signal.aborted`,
  structuredClone: `structuredClone({ a: [1, new Map([[1, 2]])] })`,
  streams: `new ReadableStream({ start (c) { c.enqueue(1); c.close() } }).getReader().read()`,
  CompressionStream: `new Response(new Blob(['text']).stream().pipeThrough(new CompressionStream('gzip'))).bytes()`,
  'Headers, Request, Response': `new Response(new Request('https://example.com', { method: 'POST', body: 'x', headers: { a: 'b' } }).body).text()`,
  Blob: `new Blob(['a', 'b']).text()`,
  FormData: `new FormData().append('a', 'b')`,
  Buffer: `Buffer.from('text').toString('base64')`,
  "require('buffer')": `require('buffer').Buffer.from('text').toString('base64')`,
  "require('crypto')": `require('crypto').createHash('sha256').update('text').digest('hex')`,
  "require('lodash')": `require('lodash').chunk([1, 2, 3], 2)`,
  "require('xlsx')": `require('xlsx').utils.book_new()`,
  "require('axios')": `require('axios').create({ baseURL: 'https://example.com' })`,
  "require('qs')": `require('qs').parse('a[b]=1')`,
  zod: `import('zod').then(({ z }) => z.object({ a: z.string() }).parse({ a: 'b' }))`,
}

/** How long a run waits for what it touches first. */
export const firstUse: Row = {
  id: 'z',
  title: 'First use of a part of the platform in a run, from the touch to its answer',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const engine = await startEngine(bench, closing)
    const figures: Figure[] = []
    for (const [name, use] of Object.entries(USES)) {
      const code = `export default async () => { performance.now(); const begun = performance.now(); await ${use}; return performance.now() - begun }`
      const times: number[] = []
      for (let run = 0; run < RUNS; run += 1) times.push(Number((await execute(engine, code, { tools: ['crypto'], permissions: { hrtime: true } })).result))
      figures.push({ name, value: median(times), unit: 'ms' })
    }
    return figures
  },
}
