import type { TestContext } from 'node:test'
import { type Grants, mergePermissions, NO_GRANTS } from '../../../src/core/permissions.ts'
import fetchTool from '../../../src/tools/fetch/tool.ts'
import { Receipt } from '../../../src/tools/receipt.ts'
import { type Tool, type ToolRun, WithBytes } from '../../../src/tools/tool.ts'

export interface Opened {
  status: number
  statusText: string
  url: string
  redirected: boolean
  headers: [string, string][]
  ended: boolean
  bytes: Buffer
}

interface OpenOptions {
  id?: number
  method?: string
  headers?: [string, string][]
  redirect?: 'follow' | 'error' | 'manual'
  /** A number: comes in parts, and has that length. */
  body?: Buffer | string | 'stream' | number
}

/** The host half of the tool, as a run calls it, with nothing between. */
export interface FetchHost {
  open (url: string, options?: OpenOptions): Promise<Opened>
  read (id: number): Promise<{ ended: boolean, bytes: Buffer }>
  write (id: number, bytes: Buffer | string, end?: boolean): Promise<boolean>
  close (id: number): Promise<void>
  /** Opens, and reads to the end. */
  fetch (url: string, options?: OpenOptions): Promise<Opened & { text: string }>
  receipt: Receipt
  /** Ends the run. */
  end (): void
}

/** Starts a run of its own, which ends with the test. Any host is granted, and 127.0.0.1 is allowed, unless told otherwise. */
export function startFetch (t: TestContext, { config = {}, net = true }: { config?: Record<string, unknown>, net?: true | string[] } = {}): FetchHost {
  const tool = fetchTool.setup({ allowRanges: ['127.0.0.1'], ...config })
  const over = new AbortController()
  const receipt = new Receipt()
  const run = buildRun({ receipt, signal: over.signal, grants: { ...NO_GRANTS, ...mergePermissions([{ net }]) } })
  let ids = 0
  t.after(() => over.abort())

  const call = (method: string, input: unknown, bytes: Buffer = Buffer.alloc(0)) => callTool(tool, { method, input, bytes, run })
  const host: FetchHost = {
    async open (url, { id = ++ids, method = 'GET', headers = [], redirect = 'follow', body } = {}) {
      const whole = typeof body === 'string' && body !== 'stream' ? Buffer.from(body) : body
      const sent = whole instanceof Buffer ? { body: 'whole', length: null } : { body: whole === undefined ? 'none' : 'stream', length: typeof whole === 'number' ? whole : null }
      return await call('open', { id, method, url, headers, redirect, ...sent }, whole instanceof Buffer ? whole : undefined) as Opened
    },
    read: async (id) => await call('read', { id }) as { ended: boolean, bytes: Buffer },
    async write (id, bytes, end = false) {
      const { taken } = await call('write', { id, end }, Buffer.from(bytes as string)) as { taken: boolean }
      return taken
    },
    async close (id) {
      await call('close', { id })
    },
    async fetch (url, options = {}) {
      const id = options.id ?? ++ids
      const head = await host.open(url, { ...options, id })
      const parts = [head.bytes]
      for (let { ended } = head; !ended;) {
        const part = await host.read(id)
        parts.push(part.bytes)
        ended = part.ended
      }
      const bytes = Buffer.concat(parts)
      return { ...head, bytes, text: bytes.toString() }
    },
    receipt,
    end: () => over.abort(),
  }
  return host
}

function buildRun (own: Pick<ToolRun, 'receipt' | 'signal'> & { grants: Grants }): ToolRun {
  return { tenant: 'acme', jobId: 'job-1', attempt: 1, fence: 1, batchId: null, secrets: [], services: {}, conceal () {}, ...own }
}

/** Calls a method as the broker does: what goes in and what comes out is read by its schemas. */
async function callTool (tool: Tool, { method: name, input, bytes, run }: { method: string, input: unknown, bytes: Buffer, run: ToolRun }): Promise<unknown> {
  const method = tool.methods[name]
  if (!method) throw new TypeError(`The tool has no method ${name}`)
  const answer = await method.run(method.input.parse(input), { run, signal: run.signal, bytes })
  if (!(answer instanceof WithBytes)) return method.output.parse(answer)
  return { ...method.output.parse(answer.value) as object, bytes: answer.bytes }
}
