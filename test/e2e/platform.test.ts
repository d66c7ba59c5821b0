import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startHttp } from '../helpers/http-server.ts'
import { startService } from '../helpers/service.ts'

test('the platform', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_TOOL_CONFIG: '{"fetch":{"allowRanges":["127.0.0.1"]}}' } })

  /** The result of a job that has to succeed. */
  async function resultOf (code: string, options: Record<string, unknown> = {}): Promise<unknown> {
    const job = await service.run({ code, ...options })
    assert.equal(job.status, 'succeeded', JSON.stringify(job.error))
    return job.result
  }

  await t.test('a job reads a compressed file line by line, as streams', async () => {
    const code = `
      class Lines extends TransformStream {
        constructor () {
          let rest = ''
          super({
            transform (chunk, controller) {
              const lines = (rest + chunk).split('\\n')
              rest = lines.pop()
              for (const line of lines) controller.enqueue(line)
            },
            flush (controller) { if (rest) controller.enqueue(rest) },
          })
        }
      }
      export default async ({ base64 }) => {
        const file = new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'cities.csv.gz', { type: 'application/gzip' })
        const lines = file.stream().pipeThrough(new DecompressionStream('gzip')).pipeThrough(new TextDecoderStream()).pipeThrough(new Lines())
        let people = 0
        const names = []
        for await (const line of lines) {
          const [name, count] = line.split(',')
          names.push(name)
          people += Number(count)
        }
        return { names, people, size: file.size }
      }`
    const packed = await new Response(new Blob(['Zürich,447\nКиїв,2952\n東京,13960']).stream().pipeThrough(new CompressionStream('gzip'))).bytes()

    assert.deepEqual(await resultOf(code, { input: { base64: packed.toBase64() } }), { names: ['Zürich', 'Київ', '東京'], people: 17_359, size: packed.length })
  })

  await t.test('a job posts a form with a file and reads the answer as it comes', async (t) => {
    const { port, requests } = await startServer(t)
    const code = `export default async (url) => {
      const form = new FormData()
      form.set('name', 'Ünal')
      form.append('file', new Blob(['a;b\\n', new Uint8Array([0, 255])], { type: 'text/csv' }), 'data.csv')
      const target = new URL('./upload?x=1', url)
      target.searchParams.append('q', 'a b&c')
      const response = await fetch(new Request(target, { method: 'POST', body: form, headers: new Headers([['X-Trace', '7']]), signal: AbortSignal.timeout(20_000) }))
      const decoder = new TextDecoder()
      let text = ''
      for await (const chunk of response.body) text += decoder.decode(chunk, { stream: true })
      return { status: response.status, ok: response.ok, type: response.headers.get('content-type'), text: text + decoder.decode() }
    }`

    const result = await resultOf(code, { input: `http://127.0.0.1:${port}/api/`, tools: ['fetch'], permissions: { net: [`127.0.0.1:${port}`] } })

    assert.deepEqual(result, { status: 201, ok: true, type: 'text/plain; charset=utf-8', text: 'gespeichert: é' })
    const [request] = requests
    assert.deepEqual([request?.method, request?.url, request?.headers['x-trace']], ['POST', '/api/upload?x=1&q=a+b%26c', '7'])
    const sent = await new Response(Uint8Array.from(request?.body ?? []), { headers: { 'content-type': request?.headers['content-type'] ?? '' } }).formData()
    const file = sent.get('file') as File // as was appended
    assert.deepEqual([sent.get('name'), file.name, file.type, [...await file.bytes()]], ['Ünal', 'data.csv', 'text/csv', [...Buffer.from('a;b\n'), 0, 255]])
  })

  await t.test('a job routes requests with patterns and answers them, without a server', async () => {
    const code = `
      const routes = [
        [new URLPattern({ pathname: '/users/:id(\\\\d+)' }), ({ pathname }) => Response.json({ id: Number(pathname.groups.id) })],
        [new URLPattern({ pathname: '/files/*', search: '*v=:version' }), ({ pathname, search }) => new Response(pathname.groups[0] + '@' + search.groups.version, { headers: { 'x-kind': 'file' } })],
      ]
      const handle = (request) => {
        for (const [pattern, answer] of routes) {
          const found = pattern.exec(request.url)
          if (found) return answer(found)
        }
        return new Response(null, { status: 404 })
      }
      export default (paths) => Promise.all(paths.map(async (path) => {
        const response = handle(new Request(new URL(path, 'https://service.example')))
        return [response.status, await response.text(), response.headers.get('x-kind')]
      }))`

    assert.deepEqual(await resultOf(code, { input: ['/users/12', '/users/x', '/files/a/b?v=3'] }), [[200, '{"id":12}', null], [404, '', null], [200, 'a/b@3', 'file']])
  })

  await t.test('a job has parts that talk by events and messages, and gives up when it is told to', async () => {
    const code = `export default async () => {
      const bus = new EventTarget()
      const heard = []
      const off = new AbortController()
      bus.addEventListener('order', ({ detail }) => heard.push(detail.id), { signal: off.signal })
      for (const id of [1, 2]) bus.dispatchEvent(new CustomEvent('order', { detail: { id } }))
      off.abort()
      bus.dispatchEvent(new CustomEvent('order', { detail: { id: 3 } }))

      const { port1, port2 } = new MessageChannel()
      const answer = new Promise((resolve) => { port1.onmessage = ({ data }) => resolve(data) })
      port2.onmessage = ({ data }) => port2.postMessage({ sum: [...data.values()].reduce((a, b) => a + b), when: data.get('x') })
      port1.postMessage(new Map([['x', 1], ['y', 2]]))
      const message = await answer
      port1.close()

      const order = { lines: [{ sku: 'a', due: new Date(0) }] }
      const copy = structuredClone(order)
      copy.lines[0].sku = 'b'
      const timeout = await new Promise((resolve) => { const signal = AbortSignal.any([off.signal, AbortSignal.timeout(1)]); resolve(signal.reason.name) })
      const begun = performance.now()
      await new Promise((resolve) => setTimeout(resolve, 5))
      return { heard, message, order, due: copy.lines[0].due.getTime(), timeout, waited: performance.now() > begun, agent: navigator.userAgent }
    }`

    assert.deepEqual(await resultOf(code), { heard: [1, 2], message: { sum: 3, when: 1 }, order: { lines: [{ sku: 'a', due: '1970-01-01T00:00:00.000Z' }] }, due: 0, timeout: 'AbortError', waited: true, agent: 'Batchbox' })
  })

  await t.test('a job signs a request as other services want it', async () => {
    const code = `export default async ({ secret, url }) => {
      const target = new URL(url)
      target.searchParams.sort()
      const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
      const signature = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(target.pathname + target.search))
      target.searchParams.append('signature', btoa(String.fromCharCode(...new Uint8Array(signature))))
      return [target.href, Buffer.from(signature).toString('hex')]
    }`
    const key = await crypto.subtle.importKey('raw', Buffer.from('s3cret'), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    const signature = Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from('/v1/%C3%BC?a=1&b=2')))

    const result = await resultOf(code, { input: { secret: 's3cret', url: 'https://API.example/v1/ü?b=2&a=1' }, tools: ['crypto'] })

    assert.deepEqual(result, [`https://api.example/v1/%C3%BC?a=1&b=2&signature=${encodeURIComponent(signature.toString('base64'))}`, signature.toString('hex')])
  })

  await t.test('a job of several files checks, groups and writes what it is given, with packages and modules of Node', async () => {
    const schema = `import { z } from 'zod'
        export enum Kind { Fruit = 'fruit', Nut = 'nut' }
        export const Row = z.object({ name: z.string(), kind: z.enum(Kind), weight: z.coerce.number() })
        export type Row = z.infer<typeof Row>`
    const code = `import { parse } from 'csv-parse/sync'
      import { sum, groupBy } from 'es-toolkit'
      import { EventEmitter, once } from 'node:events'
      import { basename } from 'node:path'
      import { Buffer } from 'node:buffer'
      import { Kind, Row } from './schema.ts'
      export default async ({ csv, path }: { csv: string, path: string }) => {
        const rows: Row[] = parse(csv, { columns: true }).map((row: unknown) => Row.parse(row))
        const groups = groupBy(rows, ({ kind }) => kind)
        const { default: Decimal } = await import('decimal.js')
        const emitter = new EventEmitter()
        const said = once(emitter, 'done')
        emitter.emit('done', basename(path, '.csv'))
        const [name] = await said
        return { name, fruit: sum(groups[Kind.Fruit].map(({ weight }) => weight)), exact: new Decimal('0.1').plus('0.2').toString(), bytes: Buffer.from(name).toString('base64') }
      }`

    assert.deepEqual(await resultOf(code, { files: { 'schema.ts': schema }, input: { csv: 'name,kind,weight\napple,fruit,3\npear,fruit,4\nhazel,nut,1\n', path: '/in/stock.csv' } }), {
      name: 'stock', fruit: 7, exact: '0.3', bytes: 'c3RvY2s=',
    })
  })

  await t.test('a job that imports what is not allowed is told what it was', async () => {
    const job = await service.run({ code: 'import fs from "node:fs"; export default () => fs.readFileSync("/etc/passwd", "utf8")' })

    assert.deepEqual([job.status, job.error?.code], ['failed', 'MODULE_NOT_ALLOWED'])
    assert.match(job.error?.message ?? '', /node:fs/)
  })

  await t.test('an object URL is there for its own run, and for no other', async () => {
    const make = 'const url = URL.createObjectURL(new Blob(["mine"])); '
    const mine = await resultOf(`export default async () => { ${make} return url }`) as string
    const [first, second] = await Promise.all([0, 1].map(() => resultOf(`export default async (other) => {
      ${make}
      const read = (url) => fetch(url).then((response) => response.text(), ({ name }) => name)
      return [await read(url), await read(other)]
    }`, { input: mine, tools: ['fetch'], permissions: { net: ['127.0.0.1'] } })))

    assert.match(mine, /^blob:nodedata:[0-9a-f-]{36}$/)
    assert.deepEqual([first, second], [['mine', 'TypeError'], ['mine', 'TypeError']])
  })
})

interface SeenRequest { method: string | undefined, url: string | undefined, headers: Record<string, string | string[] | undefined>, body: Buffer }

async function startServer (t: Parameters<typeof startHttp>[0]): Promise<{ port: number, requests: (Omit<SeenRequest, 'headers'> & { headers: Record<string, string> })[] }> {
  const requests: (Omit<SeenRequest, 'headers'> & { headers: Record<string, string> })[] = []
  const { port } = await startHttp(t, async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer) // a request gives bytes
    requests.push({ method: request.method, url: request.url, headers: request.headers as Record<string, string>, body: Buffer.concat(chunks) })
    response.writeHead(201, { 'content-type': 'text/plain; charset=utf-8' })
    response.write(Buffer.from('gespeichert: \xc3', 'latin1'))
    response.end(Buffer.from([0xa9]))
  })
  return { port, requests }
}
