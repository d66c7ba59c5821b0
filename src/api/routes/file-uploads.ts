import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { FileName } from '../../core/file.ts'
import { JobError } from '../../core/failures.ts'
import { beginTransfer } from '../begin-transfer.ts'
import { readAbout } from '../file-headers.ts'
import { FileView } from '../file-view.ts'
import { withProblems } from '../problem.ts'
import { readPart, receiveFile } from '../receive-file.ts'
import { confirmReceived, INCOMPLETE, PARTIAL, REFUSES_UPLOADS, sendReceived, UploadHeaders, type UploadRoutesOptions, writeLimits } from '../upload-answer.ts'

const RESUMPTION_SUPPORTED = 104
/** Version of the draft that is spoken, as the draft has those name it who want an interim answer: proxies that do not know of them take one for the answer itself. */
const INTEROP = { header: 'upload-draft-interop-version', version: '8' }
const TTL_MIN_MS = 1000
const tags = ['files']
const config = { access: 'files:write' } as const
const params = z.object({ name: FileName })

const PutHeaders = UploadHeaders.extend({
  'content-type': z.string().optional().describe('Kept, and answered with the content'),
  [INTEROP.header]: z.string().optional().describe(`\`${INTEROP.version}\` asks for the interim answer`),
  'content-encoding': z.string().optional().describe('`gzip` or `zstd`; kept, and nothing is decoded'),
})

/** Takes files, or the first part of one. Source: draft-ietf-httpbis-resumable-upload-11. */
export const fileUploadRoutes: FastifyPluginAsyncZod<UploadRoutesOptions> = async (app, { service, settings }) => {
  const { files } = service
  const limits = writeLimits(settings)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async () => undefined) // whatever it is, it is read as it comes

  app.put('/v1/files/:name', {
    config,
    schema: {
      tags,
      summary: 'Upload a file',
      description: 'The body is the content, whatever its type. A file of the same name is replaced once the content is complete; jobs that were posted with it keep it. With `Upload-Complete`, an upload that broke off can be continued at the Location that the answer tells, and to clients that ask for it (Upload-Draft-Interop-Version) an interim answer (104).',
      params,
      querystring: z.strictObject({ ttlMs: z.coerce.number().int().min(TTL_MIN_MS).max(settings.ttlMaxMs).optional().describe('How long the file is kept') }),
      headers: PutHeaders,
      response: withProblems({ 200: FileView.describe('In place of another one'), 201: z.union([FileView, INCOMPLETE]) }, ...REFUSES_UPLOADS),
    },
  }, async (request, reply) => {
    const { caller: { tenant }, params: { name }, query: { ttlMs }, headers } = request
    if (headers['content-range'] !== undefined) throw new JobError('BAD_REQUEST', 'Cannot take a part of a file by Content-Range: append it to an upload')
    const { sha256, ...about } = readAbout(headers)
    const said = readPart(request, 0)
    const transfer = beginTransfer(service, request, reply)
    const former = await files.find(tenant, name)
    const upload = await files.upload(tenant, name, { ...about, ...(ttlMs === undefined ? {} : { ttlMs }), ...(said.bytes === undefined ? {} : { bytes: said.bytes }), ...(sha256 === null ? {} : { sha256 }) })
    const location = `/v1/uploads/${upload.id}`
    if (said.isLast !== undefined && headers[INTEROP.header] === INTEROP.version) reply.raw.writeInformation(RESUMPTION_SUPPORTED, { location, 'upload-limit': limits, [INTEROP.header]: INTEROP.version })
    const received = await receiveFile(upload, request.raw, { ...said, sha256, transfer })
    await confirmReceived(service, upload.id, received)
    return sendReceived(reply.headers({ location, 'upload-limit': limits }), received, { complete: former ? 200 : 201, incomplete: 201 })
  })

  app.options('/v1/files/:name', {
    config,
    schema: { hide: true, params },
  }, async (_request, reply) => reply.code(204).headers({ 'allow': 'GET, HEAD, PUT, DELETE, OPTIONS', 'accept-patch': PARTIAL, 'upload-limit': limits }).send(null))
}
