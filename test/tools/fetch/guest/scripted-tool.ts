// A host half of fetch that does what the URL says, so that the guest half meets every answer there is, in any order.
import { z } from 'zod'
import { defineMethod, defineTool, perRun, ToolError, WithBytes } from '../../../../src/tools/tool.ts'

const id = z.int().min(1)
const Open = z.strictObject({
  id,
  method: z.string(),
  url: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  redirect: z.enum(['follow', 'error', 'manual']),
  body: z.enum(['none', 'whole', 'stream']),
  length: z.int().nullable(),
})

/** What one run sent. */
interface Session {
  calls: string[]
  /** Parts of the bodies that were written. */
  writes: Map<number, string[]>
  /** Parts that are still to be read, of responses that go on. */
  reads: Map<number, string[]>
  written: Map<number, PromiseWithResolvers<void>>
}

const session = perRun<Session>(() => ({ calls: [], writes: new Map(), reads: new Map(), written: new Map() }))
const HEADERS: [string, string][] = [['content-type', 'text/plain'], ['x-one', '1'], ['set-cookie', 'a=1'], ['x-one', '2'], ['set-cookie', 'b=2']]

function answer (status: number, { ended, bytes = '', headers = HEADERS }: { ended: boolean, bytes?: string, headers?: [string, string][] }): WithBytes<unknown> {
  return new WithBytes({ status, statusText: status === 200 ? 'OK' : 'Other', url: 'http://final.test/', redirected: false, headers, ended }, Buffer.from(bytes, 'latin1'))
}

export default defineTool({
  name: 'fetch',
  description: 'a scripted host half',
  config: z.strictObject({}),
  guest: new URL('../../../../src/tools/fetch/guest.js', import.meta.url),
  expose: () => ({ wholeBytes: 1_048_576 }),
  setup: () => ({
    open: defineMethod({
      input: Open,
      output: z.unknown(),
      timeoutMs: 60_000,
      async run (request, { run, bytes, signal }) {
        const { calls, reads, written } = session(run)
        calls.push(`open ${request.id}`)
        const [, what = '', value = ''] = new URL(request.url).pathname.split('/')
        const text = decodeURIComponent(value)
        switch (what) {
          case 'echo': return answer(200, { ended: true, bytes: Buffer.from(JSON.stringify({ ...request, bytes: bytes.toString('latin1') })).toString('latin1') })
          case 'bytes': return answer(200, { ended: true, bytes: Buffer.from(text, 'hex').toString('latin1') })
          case 'status': return answer(Number(text), { ended: true })
          case 'calls': return answer(200, { ended: true, bytes: JSON.stringify(calls) })
          case 'fail': throw new ToolError(`Cannot fetch "${request.url}": as it was told`, { code: text as 'TOOL_ERROR' })
          case 'parts': {
            reads.set(request.id, text.split(','))
            return answer(200, { ended: false, bytes: 'first' })
          }
          case 'never': return await new Promise<never>((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }) })
          case 'upload': {
            const done = Promise.withResolvers<void>()
            written.set(request.id, done)
            await done.promise
            return answer(200, { ended: true, bytes: JSON.stringify({ ...request, parts: session(run).writes.get(request.id)?.map((part) => part.length) }) })
          }
          default: return answer(200, { ended: true, bytes: 'hello' })
        }
      },
    }),
    write: defineMethod({
      input: z.strictObject({ id, end: z.boolean() }),
      output: z.unknown(),
      run ({ id, end }, { run, bytes }) {
        const { calls, writes, written } = session(run)
        calls.push(`write ${id} ${bytes.length}${end ? ' end' : ''}`)
        writes.set(id, [...writes.get(id) ?? [], bytes.toString('latin1')])
        const isEnough = bytes.toString('latin1') === 'enough'
        if (end || isEnough) written.get(id)?.resolve()
        return { taken: !isEnough }
      },
    }),
    read: defineMethod({
      input: z.strictObject({ id }),
      output: z.unknown(),
      timeoutMs: 60_000,
      async run ({ id }, { run, signal }) {
        const { calls, reads } = session(run)
        calls.push(`read ${id}`)
        const parts = reads.get(id) ?? []
        const part = parts.shift() ?? ''
        if (part === 'never') await new Promise<never>((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }) })
        if (part === 'fail') throw new ToolError('Cannot fetch: the connection was reset')
        return new WithBytes({ ended: parts.length === 0 }, Buffer.from(part, 'latin1'))
      },
    }),
    close: defineMethod({
      input: z.strictObject({ id }),
      output: z.null(),
      run ({ id }, { run }) {
        session(run).calls.push(`close ${id}`)
        return null
      },
    }),
  }),
})
