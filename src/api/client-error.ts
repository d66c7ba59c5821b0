import type { Socket } from 'node:net'
import { buildProblem, PROBLEM_MEDIA_TYPE } from './problem.ts'
import type { Transfers } from './transfers.ts'

const LATE = 'ERR_HTTP_REQUEST_TIMEOUT'

/** Answers what is not HTTP, or comes too slowly, on a socket that has no request yet; then closes it. The content of a file may come for as long as it goes on. */
export function answerClientError (error: Error & { code?: string }, socket: Socket, transfers: Pick<Transfers, 'isUnderWay'>): void {
  if (error.code === LATE && transfers.isUnderWay(socket)) return
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy()
  const body = JSON.stringify(buildProblem('BAD_REQUEST', describe(error.code)))
  const head = [
    'HTTP/1.1 400 Bad Request',
    `Content-Type: ${PROBLEM_MEDIA_TYPE}; charset=utf-8`,
    'X-Content-Type-Options: nosniff',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

function describe (code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return 'Cannot read the request: its headers are too long'
  if (code === LATE) return 'Cannot read the request: it did not arrive in time'
  return 'Cannot read the request: it is not HTTP/1.1'
}
