import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Scope } from './scope.ts'

/** A response as it came over the wire. */
export interface RawResponse {
  status: number
  /** By lower-case name. */
  headers: Record<string, string>
  body: Buffer
  /** Those that came before it, with statuses below 200. */
  interim: Pick<RawResponse, 'status' | 'headers'>[]
}

/** A connection on which bytes are written as no client would. */
export interface RawConnection {
  readonly socket: Socket
  write (bytes: string | Buffer): void
  /** The next whole response; rejects where the connection ends before. Those to HEAD have no body. */
  response (options?: { hasBody?: boolean }): Promise<RawResponse>
  /** Only what came before a response: resolves with the next interim one. */
  interim (): Promise<Pick<RawResponse, 'status' | 'headers'>>
}

const HEAD_END = '\r\n\r\n'

/** Connects, and leaves when the scope ends. */
export function connectRaw (scope: Scope, port: number): RawConnection {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  scope.after(() => { socket.destroy() })
  let read = Buffer.alloc(0)
  const interims: RawResponse['interim'] = []
  socket.on('data', (chunk: Buffer) => { read = Buffer.concat([read, chunk]) })

  async function more (): Promise<void> {
    if (socket.destroyed || socket.readableEnded) throw new Error(`The connection has ended after ${JSON.stringify(read.toString('latin1').slice(0, 200))}`)
    const over = new AbortController()
    await Promise.race(['data', 'end', 'close'].map((event) => once(socket, event, { signal: over.signal }).catch(() => {}))).finally(() => over.abort())
  }

  async function head (): Promise<Pick<RawResponse, 'status' | 'headers'>> {
    while (read.indexOf(HEAD_END) < 0) await more()
    const end = read.indexOf(HEAD_END)
    const [line = '', ...fields] = read.subarray(0, end).toString('latin1').split('\r\n')
    read = read.subarray(end + HEAD_END.length)
    const headers = Object.fromEntries(fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]))
    return { status: Number(line.split(' ')[1]), headers }
  }

  return {
    socket,
    write: (bytes) => { socket.write(bytes) },
    async interim () {
      const first = await head()
      interims.push(first)
      return first
    },
    async response ({ hasBody = true } = {}) {
      for (;;) {
        const { status, headers } = await head()
        if (status < 200) {
          interims.push({ status, headers })
          continue
        }
        const bytes = hasBody ? Number(headers['content-length'] ?? 0) : 0
        while (read.length < bytes) await more()
        const body = read.subarray(0, bytes)
        read = read.subarray(bytes)
        return { status, headers, body, interim: interims.splice(0) }
      }
    },
  }
}
