import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import type { z } from 'zod'
import { JobError } from '../core/failures.ts'
import { maxBodyBytes, type JobRequest } from '../core/job-request.ts'
import type { LimitPolicy } from '../core/limits.ts'
import type { BatchWebhook } from '../core/webhook.ts'
import type { NewItem } from '../store/batches/add-items.ts'
import { packPayload } from '../store/codec.ts'
import { readHeldFile } from '../store/files/file-record.ts'
import { buildTemplate, type JobTemplate } from '../store/moves/new-job.ts'
import type { BatchBody, BatchHead, JobSchema } from './batch-request.ts'
import { parseJsonBody } from './json-body.ts'
import { readLines } from './ndjson.ts'
import { hashBody, IDEMPOTENCY_KEY } from './plugins/idempotency.ts'
import type { InputRequest } from './resolve-input.ts'
import { checkInputSize, checkSize } from './request-size.ts'
import { parseWith } from './validation.ts'

/** Characters of a refusal that are kept. */
const REFUSAL_CHARS = 512

/** An item, and what it weighs: the bytes of its JSON, or about as many. */
export interface WeighedItem {
  item: NewItem
  bytes: number
}

/** Items as they come. Reading on takes from a stream no more than the next item. */
export interface ItemSource {
  items: AsyncIterable<WeighedItem>
  /** Stands for all that was read so far, where that is not known beforehand. */
  digest (): string
  /** How many there are, if the client said so. */
  total: number | undefined
  /** What is told of the end of the batch. */
  webhook: BatchWebhook | undefined
}

export interface ItemOptions {
  policy: LimitPolicy
  schema: JobSchema
  /** How long the key of an item is remembered. */
  idempotencyMs: number
  /** Brings an input into the form that it is stored in. */
  resolve (request: InputRequest): Promise<unknown>
}

/** Reads items out of a body in JSON. What the digest would tell is in the hash that the request's key is bound to. */
export function readJsonItems (body: BatchBody, options: ItemOptions): ItemSource {
  const toItem = 'job' in body ? buildToInputItem(body.job, options) : buildToJobItem(options)
  const values = 'job' in body ? body.inputs : body.jobs
  async function * items (): AsyncGenerator<WeighedItem> {
    for (const value of values) yield refuseItem(() => toItem(value))
  }
  return { items: items(), digest: () => '', total: values.length, webhook: body.webhook }
}

/** Reads items out of a body in NDJSON: the head is its first line, and each line after it an item. Throws INVALID or BAD_REQUEST for the head. */
export async function readNdjsonItems (stream: Readable, head: z.ZodType<BatchHead>, options: ItemOptions): Promise<ItemSource> {
  const hash = createHash('sha256')
  const maxLineBytes = maxBodyBytes(options.policy)
  const lines = readLines(stream, maxLineBytes)
  const first = await lines.next()
  if (first.done || !first.value.bytes) throw new JobError('BAD_REQUEST', `Cannot read the head of the batch: the first line is ${first.done ? 'missing' : 'too long'}`)
  hash.update(first.value.bytes)
  const { job, total, webhook } = parseWith(head, parseJsonBody(first.value.bytes), 'first line')
  const toItem = job ? buildToInputItem(job, options) : buildToJobItem(options)
  async function * items (): AsyncGenerator<WeighedItem> {
    for await (const { number, bytes } of lines) {
      hash.update('\n').update(bytes ?? 'too long')
      yield refuseItem(() => {
        if (!bytes) throw new JobError('INPUT_TOO_LARGE', `Cannot take line ${number}: it has more than ${maxLineBytes} bytes`)
        return toItem(parseLine(bytes, number), bytes.length)
      })
    }
  }
  return { items: items(), digest: () => hash.copy().digest('hex'), total, webhook }
}

/** Throws a JobError for an item that cannot be taken. The bytes are those that it came as, where that is known. */
type ToItem = (value: unknown, bytes?: number) => Promise<WeighedItem>

function buildToInputItem (job: JobRequest, { policy, resolve }: ItemOptions): ToItem {
  checkSize(policy, job, 0)
  const template = buildTemplate(job)
  return async (posted) => {
    const input = await resolve({ ...job, input: posted })
    const json = JSON.stringify(input) ?? 'null'
    checkInputSize(policy, json)
    return { item: { type: 'job', template: await template, input: await packPayload(json), file: readHeldFile(input) }, bytes: json.length }
  }
}

function buildToJobItem ({ policy, schema, idempotencyMs, resolve }: ItemOptions): ToItem {
  let last: { template: JobTemplate, like: string } | undefined
  return async (value, bytes = Infinity) => {
    const { idempotencyKey, ...job } = isObject(value) ? value : {}
    const request = parseWith(schema, isObject(value) ? job : value, 'item')
    checkSize(policy, request, bytes)
    const input = await resolve(request)
    const { input: _, ...rest } = request
    // Jobs that differ in their inputs alone share what is stored of them.
    const like = JSON.stringify(rest)
    if (last?.like !== like) last = { template: await buildTemplate(request), like }
    const json = JSON.stringify(input) ?? 'null'
    const idempotency = idempotencyKey === undefined ? undefined : { key: readKey(idempotencyKey), bodyHash: hashBody('/v1/jobs', job), ttlMs: idempotencyMs }
    return { item: { type: 'job', template: last.template, input: await packPayload(json), file: readHeldFile(input), ...(idempotency ? { idempotency } : {}) }, bytes: like.length + json.length }
  }
}

/** An item that cannot be taken, by a JobError, is refused, and the others are taken. */
export async function refuseItem (toItem: () => Promise<WeighedItem>): Promise<WeighedItem> {
  try {
    return await toItem()
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    return { item: { type: 'refused', refusal: { code: error.code, message: error.message.slice(0, REFUSAL_CHARS) } }, bytes: error.message.length }
  }
}

function parseLine (bytes: Buffer, number: number): unknown {
  try {
    return parseJsonBody(bytes)
  } catch (error) {
    if (!(error instanceof JobError)) throw error
    throw new JobError(error.code, `Line ${number}: ${error.message.replace('the body', 'the line')}`, { cause: error })
  }
}

function readKey (key: unknown): string {
  if (typeof key === 'string' && IDEMPOTENCY_KEY.test(key)) return key
  throw new JobError('INVALID', 'Cannot take the item: idempotencyKey is not 1 to 255 printable ASCII characters')
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
