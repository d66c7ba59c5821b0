import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { AwsV4Signer } from 'aws4fetch'
import { Agent, type Dispatcher } from 'undici'
import { JobError, type FailureCode } from '../core/failures.ts'
import type { BucketSettings } from '../core/file-variables.ts'
import { findReason } from '../net/reason.ts'

const CONNECT_MS = 10_000
/** How often a request is sent before it is given up, and what is waited at first in between: then twice as long, each time more or less by half. */
const TRIES = 4
const PAUSE_MS = 200
/** Read of an answer that is no content. */
const TEXT_MAX_BYTES = 4_194_304
/** What may go well if it is asked again. Source: the error codes of Amazon S3, RFC 9110. */
const PASSING_STATUS = new Set([408, 429, 500, 502, 503, 504])
const PASSING_CODES = new Set(['RequestTimeout', 'SlowDown', 'InternalError', 'ServiceUnavailable', 'OperationAborted'])
const FULL_STATUS = 507
const FULL_CODES = new Set(['QuotaExceeded', 'EntityTooLarge', 'XMinioStorageFull', 'XMinioAdminBucketQuotaExceeded'])
/** What an operator does about what a server refuses. */
const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'its bucket is not there: make it, or set BATCHBOX_FILES to another one',
  InvalidAccessKeyId: 'it does not know the key: look at BATCHBOX_S3_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'the signature is wrong: look at BATCHBOX_S3_SECRET_ACCESS_KEY',
  AccessDenied: 'the key of BATCHBOX_S3_ACCESS_KEY_ID may not do that: let it get, put, list and delete objects of the bucket',
  ExpiredToken: 'the session token has ended: set BATCHBOX_S3_SESSION_TOKEN and start again',
  InvalidToken: 'the session token is wrong: look at BATCHBOX_S3_SESSION_TOKEN',
  PermanentRedirect: 'the bucket is elsewhere: look at BATCHBOX_S3_REGION and BATCHBOX_S3_ENDPOINT',
  AuthorizationHeaderMalformed: 'the bucket is in another region: look at BATCHBOX_S3_REGION',
  RequestTimeTooSkewed: 'the clock of this machine is wrong',
}

/** A request, of which `action` is how an error begins. */
export interface S3Request {
  action: string
  method: 'GET' | 'PUT' | 'DELETE'
  /** Empty for the bucket itself. */
  key: string
  query?: Readonly<Record<string, string>>
  headers?: Readonly<Record<string, string>>
  body?: Buffer
}

/** Asks a bucket. Both throw STORAGE_FULL, FILE_GONE where there is no such object, and else UNAVAILABLE, after some tries. No error tells of the credentials, nor what the server has to say but its code. */
export interface S3Client {
  /** Answers when the content begins to come, which the caller reads to its end or destroys. */
  open (request: S3Request): Promise<Dispatcher.ResponseData>
  /** Answers the text of the answer, and when it was sent by the clock of the server, in milliseconds. */
  ask (request: S3Request): Promise<{ text: string, sentAt: number }>
  close (): Promise<void>
}

/** Makes a client of a bucket. The caller closes it. Source: Amazon S3 API Reference; requests are signed by Signature Version 4, with the hash of what they carry, so that a server refuses what was changed on the way. */
export function createS3Client (settings: BucketSettings): S3Client {
  const { accessKeyId, secretAccessKey, sessionToken, region, timeoutMs } = settings
  const agent = new Agent({ connect: { timeout: Math.min(CONNECT_MS, timeoutMs) }, headersTimeout: timeoutMs, bodyTimeout: timeoutMs })
  const base = baseOf(settings)
  const cache = new Map<string, ArrayBuffer>() // of keys that signatures are made with: one for each day

  async function send ({ method, key, query, headers, body }: S3Request, signal?: AbortSignal): Promise<Dispatcher.ResponseData> {
    const url = new URL(base)
    if (key !== '') url.pathname = `${url.pathname.replace(/\/$/, '')}/${key}`
    url.search = new URLSearchParams(query).toString()
    const digest = createHash('sha256').update(body ?? '')
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, 'x-amz-content-sha256': digest.digest('hex') },
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: 's3',
      region,
      cache,
    }).sign()
    return agent.request({ origin: url.origin, path: `${url.pathname}${url.search}`, method, headers: Object.fromEntries(signed.headers), body: body ?? null, ...(signal ? { signal } : {}) })
  }

  /** Sends it until it is answered well, and reads of that what is wanted. */
  async function attempt<T> (request: S3Request, read: (answer: Dispatcher.ResponseData) => Promise<T>, isBounded: boolean): Promise<T> {
    for (let tried = 1; ; tried++) {
      const failed = await (async () => {
        const answer = await send(request, isBounded ? AbortSignal.timeout(timeoutMs) : undefined)
        if (answer.statusCode >= 300) return await readRefusal(answer)
        return { value: await read(answer) }
      })().catch((error: unknown): Refusal => ({ code: 'UNAVAILABLE', isPassing: true, why: isTimeout(error) ? `it did not answer within ${timeoutMs} ms` : findReason(error), cause: error }))
      if ('value' in failed) return failed.value
      if (!failed.isPassing || tried === TRIES) throw new JobError(failed.code, `${request.action}: ${failed.why}${tried > 1 ? ` (tried ${tried} times)` : ''}`, { cause: failed.cause })
      await pause(tried)
    }
  }

  return {
    open: (request) => attempt(request, async (answer) => answer, false),
    ask: (request) => attempt(request, async ({ headers, body }) => {
      const text = await readText(body)
      if (text.includes('<Error>')) throw new Error(`the server failed after it had begun to answer (${codeOf(text)})`) // a copy may
      return { text, sentAt: Date.parse(String(headers['date'])) || Date.now() }
    }, true),
    close: () => agent.destroy(),
  }
}

/** Waits before what failed for the nth time is tried again. */
export async function pause (tried: number): Promise<void> {
  await wait(PAUSE_MS * 2 ** (tried - 1) * (0.5 + Math.random()))
}

export { TRIES as S3_TRIES }

interface Refusal {
  code: FailureCode
  isPassing: boolean
  why: string
  cause?: unknown
}

async function readRefusal ({ statusCode, body }: Dispatcher.ResponseData): Promise<Refusal> {
  const code = codeOf(await readText(body))
  const name = code === '' ? `status ${statusCode}` : code
  if (statusCode === FULL_STATUS || FULL_CODES.has(code)) return { code: 'STORAGE_FULL', isPassing: false, why: `the bucket takes no more (${name}); free some of it, or have its quota raised` }
  if (statusCode === 404 && (code === 'NoSuchKey' || code === '')) return { code: 'FILE_GONE', isPassing: false, why: `the blob is not there (${name}): it was removed, or this process has another bucket` }
  if (statusCode === 416) return { code: 'UNAVAILABLE', isPassing: false, why: 'the blob ends before that byte: it was cut off in the bucket' }
  return { code: 'UNAVAILABLE', isPassing: PASSING_STATUS.has(statusCode) || PASSING_CODES.has(code), why: Object.hasOwn(REMEDIES, code) ? `${REMEDIES[code]} (${code})` : `the server refused it (${name})` }
}

/** The code of an error, which is all that is told of it: the rest may name keys and accounts. */
function codeOf (text: string): string {
  return /<Code>([A-Za-z0-9.]{1,64})<\/Code>/.exec(text)?.[1] ?? ''
}

async function readText (body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) { // it has no encoding
    bytes += chunk.length
    if (bytes > TEXT_MAX_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function isTimeout (error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'HeadersTimeoutError' || error.name === 'BodyTimeoutError')
}

function baseOf ({ endpoint, bucket, isPathStyle }: BucketSettings): string {
  const url = new URL(endpoint)
  if (isPathStyle) url.pathname = `${url.pathname.replace(/\/$/, '')}/${bucket}`
  else url.host = `${bucket}.${url.host}`
  return url.href
}
