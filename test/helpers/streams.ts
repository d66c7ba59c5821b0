import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { TestApi } from './api.ts'
import type { Scope } from './scope.ts'

/** One block of server-sent events that has data. */
export interface Block {
  id: string | undefined
  event: string | undefined
  data: StreamedEvent
}

export interface StreamedEvent {
  cursor: number
  sequence: number
  type: string
  subject: string
  payload: Record<string, unknown>
}

/** A response that is read as it comes. */
export interface Stream {
  readonly response: IncomingMessage
  /** All that came so far. */
  readonly text: string
  /** Resolves when it ended, in whatever way. */
  readonly ended: Promise<void>
  close (): void
}

/** Has the API listen; answers its port. */
export async function listen ({ app }: Pick<TestApi, 'app'>): Promise<number> {
  return Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port)
}

/** Asks for a stream, and reads it until it ends or the scope does. */
export async function openStream (scope: Scope, options: { port: number, path: string, headers: Record<string, string> }): Promise<Stream> {
  const asked = request({ host: '127.0.0.1', agent: false, ...options }).end()
  scope.after(() => { asked.destroy() })
  const [response] = await once(asked, 'response') as [IncomingMessage]
  asked.on('error', () => {}) // its end tells
  response.on('error', () => {}).setEncoding('utf8')
  const ended = new Promise<void>((resolve) => { response.once('close', () => resolve()) })
  let text = ''
  response.on('data', (chunk: string) => { text += chunk })
  return { response, get text () { return text }, ended, close: () => asked.destroy() }
}

/** Reads blocks of server-sent events that are whole, in order. Source: the HTML standard, 9.2.6. */
export function parseSse (text: string): Block[] {
  return text.split('\n\n').slice(0, -1).flatMap((block) => {
    const fields = new Map(block.split('\n').map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon), line.slice(colon + 1).trimStart()]
    }))
    const data = fields.get('data')
    return data === undefined ? [] : [{ id: fields.get('id'), event: fields.get('event'), data: JSON.parse(data) as StreamedEvent }] // the service's own
  })
}

/** Reads the lines that are whole. */
export function parseLines (text: string): StreamedEvent[] {
  return text.split('\n').slice(0, -1).map((line) => JSON.parse(line) as StreamedEvent) // likewise
}
