import type { FastifyReply } from 'fastify'

/** Sends text that was written as JSON by hand: a stored value goes out as it is, however deep it nests, and is not written again. */
export function sendJsonText (reply: FastifyReply, status: number, text: string | Buffer): FastifyReply {
  return reply.code(status).header('cache-control', 'no-store').type('application/json; charset=utf-8').send(text)
}
