import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { isId } from '../../core/ids.ts'
import type { FileRecord } from '../../store/files/file-record.ts'
import { beginTransfer } from '../begin-transfer.ts'
import { readDigest, readInteger } from '../file-headers.ts'
import { FileView, missingUpload, viewFile } from '../file-view.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { inconsistent, readPart, receiveFile } from '../receive-file.ts'
import { confirmReceived, INCOMPLETE, PARTIAL, REFUSES_UPLOADS, sendReceived, UploadHeaders, type UploadRoutesOptions, writeLimits } from '../upload-answer.ts'

const tags = ['files']
const config = { access: 'files:write' } as const
const params = z.object({ id: z.string().describe('Id of an upload: that of the file to be') })
const PatchHeaders = UploadHeaders.extend({ 'upload-offset': z.string().optional().describe('Where the body goes on: what HEAD answers') })

/** Tells how far uploads are, goes on with them and gives them up. Source: draft-ietf-httpbis-resumable-upload-11. */
export const uploadRoutes: FastifyPluginAsyncZod<UploadRoutesOptions> = async (app, { service, settings }) => {
  const { files } = service
  const limits = writeLimits(settings)
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(PARTIAL, async () => undefined) // it is read as it comes

  app.get('/v1/uploads/:id', { // and HEAD, which the draft has
    config,
    schema: { tags, summary: 'Learn how far an upload is', params, response: withProblems({ 200: FileView.describe('The file to be, or once the upload is complete the file; Upload-Offset, Upload-Complete and Upload-Length tell it, too') }, 'NOT_FOUND') },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    const file = await findUpload(tenant, id)
    const { bytes, status, expected } = file
    const isComplete = status === 'complete'
    await confirmReceived(service, id, isComplete ? file : bytes)
    const length = isComplete ? bytes : expected.bytes
    return reply.headers({
      'upload-offset': bytes,
      'upload-complete': isComplete ? '?1' : '?0',
      ...(length === null ? {} : { 'upload-length': length }),
      'upload-limit': limits,
      'cache-control': 'no-store',
    }).send(viewFile(file))
  })

  app.delete('/v1/uploads/:id', {
    config,
    schema: { tags, summary: 'Give up an upload', params, response: withProblems({ 204: z.null().describe('What came of it is removed') }, ...TAKES_BODY, 'NOT_FOUND') },
  }, async ({ caller: { tenant }, params: { id } }, reply) => {
    if (!isId('file', id) || !await files.dropUpload(tenant, id)) throw missingUpload(id)
    return reply.code(204).send(null)
  })

  app.patch('/v1/uploads/:id', {
    config,
    schema: {
      tags,
      summary: 'Append to an upload',
      description: `The body is what follows at Upload-Offset, as \`${PARTIAL}\`; Upload-Complete says whether it is the last.`,
      consumes: [PARTIAL],
      params,
      headers: PatchHeaders,
      response: withProblems({ 200: FileView.describe('The content is complete'), 204: INCOMPLETE }, ...REFUSES_UPLOADS, 'NOT_FOUND'),
    },
  }, async (request, reply) => {
    const { caller: { tenant }, params: { id }, headers } = request
    const offset = readInteger(headers['upload-offset'])
    if (offset === undefined) throw new JobError('BAD_REQUEST', 'Cannot append: the header Upload-Offset is missing or no integer')
    const { isLast, bytes } = readPart(request, offset)
    if (isLast === undefined) throw new JobError('BAD_REQUEST', 'Cannot append: the header Upload-Complete is missing, or neither ?0 nor ?1')
    const sha256 = readDigest(headers['repr-digest'])
    const transfer = beginTransfer(service, request, reply)
    const pending = await findUpload(tenant, id)
    void reply.headers({ 'upload-offset': pending.bytes, 'upload-complete': pending.status === 'complete' ? '?1' : '?0' }) // for whoever is refused
    if (pending.status === 'complete') throw new JobError('UPLOAD_CONFLICT', `Cannot append to ${id}: the upload is complete`)
    const said = pending.expected.bytes
    if (said !== null && bytes !== undefined && said !== bytes) throw inconsistent(said, bytes)
    const upload = await files.resume(tenant, id, offset)
    const received = await receiveFile(upload, request.raw, { isLast, bytes: bytes ?? said ?? undefined, sha256, transfer })
    await confirmReceived(service, id, received)
    return sendReceived(reply, received, { complete: 200, incomplete: 204 })
  })

  /** One that is complete is told as such, so that a client learns it whose answer was lost. Throws NOT_FOUND. */
  async function findUpload (tenant: string, id: string): Promise<FileRecord> {
    const upload = isId('file', id) ? await files.findUpload(tenant, id) ?? await files.find(tenant, id) : undefined
    if (!upload || upload.jobId !== null) throw missingUpload(id)
    return upload
  }
}

