import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { create as writeDisposition } from 'content-disposition'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { JobError } from '../core/failures.ts'
import type { FileRecord } from '../store/files/file-record.ts'
import { beginTransfer, type FileService } from './begin-transfer.ts'
import { readRange, writeDigest, type Range } from './file-headers.ts'
import { matchesEtag } from './job-view.ts'
import { STEP_BYTES } from './receive-body.ts'

const UNKNOWN_TYPE = 'application/octet-stream'

/** How a content is asked for. */
export interface FileQuery {
  /** As it is stored, so that nobody on the way decodes it. */
  stored: boolean
}

/**
 * Answers a file's content, or a part of it, as fast as its client takes it. Whoever wrote it is not trusted: it is an attachment, under whatever type it was given. Throws RANGE_NOT_SATISFIABLE, FILE_GONE, and
 * what `Transfers.enter` does. Source: RFC 9110, sections 13 and 14.
 */
export async function sendFile (service: FileService, file: FileRecord, { stored }: FileQuery, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const etag = `"${file.id}${file.status === 'complete' ? '' : `-${file.bytes}`}"` // a content under an id only ever grows
  const headers = { 'etag': etag, 'accept-ranges': 'bytes', 'cache-control': 'private, no-cache', 'last-modified': new Date(file.updatedAt).toUTCString() }
  if (matchesEtag(request.headers['if-none-match'], etag)) return reply.code(304).headers(headers).send()
  const range = chooseRange(request, file, etag)
  if (range === 'none') {
    void reply.header('content-range', `bytes */${file.bytes}`)
    throw new JobError('RANGE_NOT_SATISFIABLE', `Cannot answer the range: the file has ${file.bytes} bytes`)
  }
  const { start, end } = range === 'whole' ? { start: 0, end: file.bytes } : range
  const content = request.method === 'HEAD' ? undefined : await openContent(service, file, { start, end }, request, reply)
  return reply.code(range === 'whole' ? 200 : 206).headers({
    ...headers,
    'content-type': typeOf(file, stored),
    'content-length': end - start,
    'content-disposition': writeDisposition(file.name),
    ...(file.encoding === null || stored ? {} : { 'content-encoding': file.encoding }),
    ...(file.sha256 === null ? {} : { 'repr-digest': writeDigest(file.sha256) }),
    ...(range === 'whole' ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.bytes}` }),
  }).send(content)
}

/** What is compressed, and not said to be, is of the type of its compression. */
function typeOf ({ type, encoding }: FileRecord, stored: boolean): string {
  return encoding !== null && stored ? `application/${encoding}` : type ?? UNKNOWN_TYPE
}

/** A part is only for a client that has the rest of what is there now. */
function chooseRange ({ method, headers }: FastifyRequest, { bytes }: FileRecord, etag: string): Range {
  const condition = headers['if-range']
  if (method === 'HEAD' || (condition !== undefined && condition !== etag)) return 'whole'
  return readRange(headers.range, bytes)
}

/** Opens a content, and comes back when its first byte is there: what fails until then is still answered. A client that does not take it is cut off. */
async function openContent (service: FileService, file: FileRecord, range: { start: number, end: number }, request: FastifyRequest, reply: FastifyReply): Promise<Readable> {
  const { left, stopped, stallMs } = beginTransfer(service, request, reply)
  const content = await service.files.open(file, range)
  if (range.end > range.start) await once(content, 'readable')
  const cut = () => { reply.raw.destroy() }
  stopped.addEventListener('abort', cut, { once: true })
  const stalled = setTimeout(cut, stallMs)
  left.addEventListener('abort', () => clearTimeout(stalled), { once: true })
  if (left.aborted) clearTimeout(stalled)
  let stepBytes = 0
  content.on('data', (chunk: Buffer) => {
    stepBytes += chunk.length
    if (stepBytes < STEP_BYTES) return
    stepBytes = 0
    stalled.refresh()
  }).pause()
  return content
}
