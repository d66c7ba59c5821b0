import { z } from 'zod'
import { FileName } from '../../core/file.ts'
import type { FileFacts } from '../../core/file-service.ts'
import { defineMethod, defineTool, perRun, WithBytes } from '../tool.ts'
import { FileRun } from './file-run.ts'

const GB = 1_073_741_824
const PAGE_MAX = 1000
const ID_CHARS = 64
const TYPE_CHARS = 255
/** Bytes of one part of a file, as text and as JSON they are not more than an answer may have. */
const CHUNK_MAX_BYTES = 2_097_152
/** How long a call may wait for where files are kept. */
const TIMEOUT_MS = 60_000

const NameOrId = z.union([z.string().startsWith('fil_').max(ID_CHARS), FileName], 'Expected the name of a file, or its id')
const Type = z.string().max(TYPE_CHARS).regex(/^[\x20-\x7e]+$/, 'Expected a media type')
const Decode = z.boolean().default(true)
const At = z.int().min(0)
const Stream = z.strictObject({ stream: z.int() })
const Facts = z.object({
  id: z.string(), name: z.string(), bytes: z.number(), type: z.string().nullable(), encoding: z.string().nullable(), updatedAt: z.string(), isOwn: z.boolean(),
})

/** Files: those of the tenant to read, and those of the job to write. What may be read and written, the job's permissions say. */
export default defineTool({
  name: 'files',
  description: 'files of the tenant that the read permission grants, and files of the job that the write permission grants',
  config: z.strictObject({
    /** Bytes that one run may read, as its code gets them. */
    maxReadBytes: z.int().min(0).max(16_384 * GB).default(4 * GB),
    /** Bytes that one run may write, beside what limits.outputBytes says of all files of a job. */
    maxWriteBytes: z.int().min(0).max(16_384 * GB).default(GB),
    /** Files that one run may write. */
    maxFiles: z.int().min(0).max(1000).default(100),
    /** Files that one run reads at one time. */
    maxOpen: z.int().min(1).max(256).default(16),
    /** Bytes that are read of a file at a time. */
    chunkBytes: z.int().min(1024).max(CHUNK_MAX_BYTES).default(1_048_576),
  }),
  narrows: ['maxReadBytes', 'maxWriteBytes', 'maxFiles', 'maxOpen', 'chunkBytes'],
  guest: new URL('./guest.js', import.meta.url),
  expose: ({ chunkBytes }) => ({ chunkBytes }),
  setup (limits) {
    const runOf = perRun((run) => new FileRun(run, limits))
    return {
      list: defineMethod({
        input: z.strictObject({ cursor: z.string().max(512).optional(), limit: z.int().min(1).max(PAGE_MAX).default(100) }),
        output: z.object({ files: z.array(Facts), cursor: z.string().nullable() }),
        timeoutMs: TIMEOUT_MS,
        async run (page, { run }) {
          const { files, cursor } = await runOf(run).list({ cursor: undefined, ...page })
          return { files: files.map(writeFacts), cursor }
        },
      }),
      stat: defineMethod({
        input: z.strictObject({ name: NameOrId }),
        output: Facts.nullable(),
        timeoutMs: TIMEOUT_MS,
        async run ({ name }, { run }) {
          const file = await runOf(run).find(name)
          return file ? writeFacts(file) : null
        },
      }),
      /** Where a part of a file begins and ends; null where its content has to be decompressed from its beginning. */
      range: defineMethod({
        input: z.strictObject({ name: NameOrId, start: At.optional(), end: At.optional(), decode: Decode }),
        output: z.object({ start: z.number(), end: z.number() }).nullable(),
        timeoutMs: TIMEOUT_MS,
        run: ({ name, ...range }, { run }) => runOf(run).findRange(name, { start: undefined, end: undefined, ...range }),
      }),
      read: defineMethod({
        input: z.strictObject({ name: NameOrId, start: At, end: At }),
        output: z.null(),
        timeoutMs: TIMEOUT_MS,
        run: async ({ name, ...range }, { run }) => new WithBytes(null, await runOf(run).read(name, range)),
      }),
      open: defineMethod({
        input: z.strictObject({ name: NameOrId, text: z.boolean(), decode: Decode }),
        output: z.int(),
        timeoutMs: TIMEOUT_MS,
        run: ({ name, text, decode }, { run }) => runOf(run).open(name, { isText: text, decode }),
      }),
      /** The next part of what was opened: a text, or true with bytes beside it; null at the end, which closes it. */
      next: defineMethod({
        input: Stream,
        output: z.union([z.string(), z.literal(true), z.null()]),
        timeoutMs: TIMEOUT_MS,
        async run ({ stream }, { run, signal }) {
          const part = await runOf(run).next(stream, signal)
          return Buffer.isBuffer(part) ? new WithBytes(true as const, part) : part
        },
      }),
      close: defineMethod({
        input: Stream,
        output: z.null(),
        run ({ stream }, { run }) {
          runOf(run).close(stream)
          return null
        },
      }),
      write: defineMethod({
        input: z.strictObject({ name: FileName, type: Type, append: z.boolean(), text: z.string().optional() }),
        output: z.null(),
        timeoutMs: TIMEOUT_MS,
        async run ({ text, ...change }, { run, bytes }) {
          await runOf(run).write({ ...change, bytes: text === undefined ? bytes : Buffer.from(text) })
          return null
        },
      }),
    }
  },
})

function writeFacts ({ updatedAt, ...facts }: FileFacts): z.input<typeof Facts> {
  return { ...facts, updatedAt: new Date(updatedAt).toISOString() }
}
