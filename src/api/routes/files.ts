import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { FileService } from '../begin-transfer.ts'
import { confirm } from '../confirm.ts'
import { FileView, missingFile, parseFileKey, viewFile } from '../file-view.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { buildPageSize, Cursor } from '../schemas.ts'
import { sendFile } from '../send-file.ts'

const LIMIT_MAX = 200
const tags = ['files']

const FileParams = z.object({ name: z.string().describe('Name of a file, or an id') })

/** How a content is asked for. */
export const ContentQuery = z.strictObject({
  stored: z.stringbool().default(false).describe('`true` answers the bytes as they are stored, without Content-Encoding: what is compressed stays so on every way'),
})

/** Answers of a content. */
export const CONTENT = {
  200: { description: 'The content', content: { 'application/octet-stream': { schema: z.any() } } },
  206: { description: 'The part that Range asked for', content: { 'application/octet-stream': { schema: z.any() } } },
  304: z.null().describe('Not modified'),
}

/** Lists, reads and deletes the files of a tenant. */
export const fileRoutes: FastifyPluginAsyncZod<{ service: FileService }> = async (app, { service }) => {
  const { files, jobs } = service

  app.get('/v1/files', {
    config: { access: 'files:read' },
    schema: {
      tags,
      summary: 'List files, newest first',
      querystring: z.strictObject({ limit: buildPageSize(LIMIT_MAX, 50), cursor: Cursor }),
      response: withProblems({ 200: z.object({ data: z.array(FileView), nextCursor: z.string().nullable() }) }),
    },
  }, async ({ caller: { tenant }, query: { limit, cursor } }) => {
    const page = await files.list(tenant, { limit, ...(cursor === undefined ? {} : { cursor }) })
    return { data: page.files.map(viewFile), nextCursor: page.nextCursor }
  })

  app.route({
    method: ['GET', 'HEAD'],
    url: '/v1/files/:name',
    config: { access: 'files:read' },
    schema: {
      tags,
      summary: 'Download a file',
      params: FileParams,
      querystring: ContentQuery,
      response: withProblems(CONTENT, 'NOT_FOUND', 'RANGE_NOT_SATISFIABLE', 'FILE_GONE', 'OVERLOADED'),
    },
    async handler (request, reply) {
      const { caller: { tenant }, params: { name }, query } = request
      const key = parseFileKey(name)
      const file = key === undefined ? undefined : await files.find(tenant, key)
      if (!file) throw missingFile(name)
      return sendFile(service, file, query, request, reply)
    },
  })

  app.delete('/v1/files/:name', {
    config: { access: 'files:write' },
    schema: {
      tags,
      summary: 'Delete a file; jobs that were posted with it keep it',
      params: FileParams,
      response: withProblems({ 204: z.null().describe('Deleted') }, ...TAKES_BODY, 'NOT_FOUND'),
    },
  }, async ({ caller: { tenant }, params: { name } }, reply) => {
    const key = parseFileKey(name)
    const file = key === undefined ? undefined : await files.find(tenant, key)
    if (key === undefined || !await files.remove(tenant, key)) throw missingFile(name)
    if (file) await confirm(jobs, 'removal', async (redis) => {
      const [owner, dropped] = await redis.hmget(jobs.db.keys.file(file.id), 'tenant', 'dropped')
      return owner === null || dropped !== null
    })
    return reply.code(204).send(null)
  })
}
