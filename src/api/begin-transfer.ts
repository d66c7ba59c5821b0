import type { FastifyReply, FastifyRequest } from 'fastify'
import { JobError } from '../core/failures.ts'
import type { Files } from '../files/files.ts'
import { isStillValid, parseBearer, type FindCaller } from './access.ts'
import type { JobService } from './job-service.ts'
import { STOPPING } from './plugins/waiting.ts'
import type { Transfers } from './transfers.ts'

/** How often a key is looked up while a content is under way: it may expire, or be revoked while nobody could tell. */
const LOOK_UP_MS = 15_000

/** What contents of files are received and sent with. */
export interface FileService {
  jobs: Pick<JobService, 'db' | 'durability'>
  files: Files
  transfers: Transfers
  findCaller: FindCaller
}

/** A content that a client sends or is sent. */
export interface Transfer {
  /** Comes when the client has left, or was answered. */
  readonly left: AbortSignal
  /** Comes when it is not to go on, since its key has ended or the service stops; its reason is the failure to answer. */
  readonly stopped: AbortSignal
  readonly stallMs: number
}

/** Takes a place for the content of a request until it is answered. Throws what `Transfers.enter` does. */
export function beginTransfer ({ transfers, findCaller }: FileService, { caller, headers, raw }: FastifyRequest, reply: FastifyReply): Transfer {
  const left = reply.untilLeft()
  const leave = transfers.enter(caller.tenant, raw.socket)
  const stopped = new AbortController()
  const token = parseBearer(headers.authorization) ?? ''
  const lookUp = async () => {
    if (!await isStillValid(findCaller, token)) stopped.abort(new JobError('UNAUTHENTICATED', `Cannot go on: the key ${caller.keyId} was revoked or rotated, or has expired`))
  }
  const watch = () => {
    const wait = reply.untilStopped()
    const onEnd = async () => {
      if (wait.reason === STOPPING) return stopped.abort(new JobError('UNAVAILABLE', 'Cannot go on: this process stops; go on from there, and another one may answer'))
      if (left.aborted) return
      await lookUp()
      if (!stopped.signal.aborted) watch() // rotated, and valid for a while
    }
    if (wait.aborted) void onEnd()
    else wait.addEventListener('abort', onEnd, { once: true })
  }
  watch()
  const timer = setInterval(lookUp, LOOK_UP_MS)
  const end = () => {
    clearInterval(timer)
    leave()
  }
  if (left.aborted) end()
  else left.addEventListener('abort', end, { once: true })
  return { left, stopped: stopped.signal, stallMs: transfers.stallMs }
}
