import fp from 'fastify-plugin'
import { parseJsonBody } from '../json-body.ts'

/** Takes `application/json` bodies and no others. */
export const body = fp(async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (_request: unknown, bytes: Buffer) => parseJsonBody(bytes))
}, { name: 'body' })
