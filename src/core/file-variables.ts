import { z } from 'zod'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const KB = 1024

const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/([A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*))?\/?$/
const FilesLocation = z.string().min(1).refine((text) => !/^[a-z0-9]+:\/\//i.test(text) || BUCKET.test(text), 'Expected the path of a folder, or s3://bucket/prefix with letters, digits, dots, dashes and underscores')

/** What the API and the workers are told about files, as members of their schemas. */
export const FILE_VARIABLES = {
  BATCHBOX_FILES: FilesLocation.optional().describe('Folder that files are kept in, the same one for the API and every worker: they share it; or `s3://bucket/prefix`. `npm start` uses `files` in its data folder; without it, whatever needs files answers 503'),
  BATCHBOX_S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional().describe('Where the bucket of `BATCHBOX_FILES` is served, as in `https://minio.internal:9000`; without it that of AWS for the region'),
  BATCHBOX_S3_REGION: z.string().regex(/^[a-z0-9-]{1,64}$/, 'Expected a region, as in eu-central-1').default('us-east-1').describe('Region that requests to the bucket are signed for'),
  BATCHBOX_S3_ACCESS_KEY_ID: z.string().min(1).optional().describe('Who reads, writes, lists and removes the objects of the bucket; never told to runners'),
  BATCHBOX_S3_SECRET_ACCESS_KEY: z.string().min(1).optional().describe('The secret of that key'),
  BATCHBOX_S3_SESSION_TOKEN: z.string().min(1).optional().describe('The token of a key that is temporary; a process has to be started anew before it ends'),
  BATCHBOX_S3_PATH_STYLE: z.enum(['0', '1']).optional().describe('`1` asks for `https://endpoint/bucket/…`, `0` for `https://bucket.endpoint/…`; unset, the first where `BATCHBOX_S3_ENDPOINT` is set, and else the second'),
  BATCHBOX_S3_TIMEOUT_MS: z.coerce.number().int().min(100).max(600_000).default(30_000).describe('How long one try of a request to the bucket may take, of several, and a download from it give no byte'),
  BATCHBOX_FILE_BYTES: z.coerce.number().int().min(KB).max(Number.MAX_SAFE_INTEGER).default(107_374_182_400).describe('Most bytes of one file that is uploaded; more are 413'),
  BATCHBOX_TENANT_FILE_BYTES: z.coerce.number().int().min(KB).max(Number.MAX_SAFE_INTEGER).default(1_099_511_627_776).describe('Bytes that the files of a tenant may have, with uploads under way and the outputs of its jobs; more are 429'),
  BATCHBOX_TENANT_FILES: z.coerce.number().int().min(1).max(100_000_000).default(100_000).describe('Files that a tenant may have, likewise; more are 429'),
  BATCHBOX_FILE_TTL_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(7 * DAY_MS).describe('How long a file is kept whose upload does not say; the outputs of a job stay as long as the job'),
  BATCHBOX_FILE_TTL_MAX_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(90 * DAY_MS).describe('Longest that an upload may ask for'),
  BATCHBOX_UPLOAD_IDLE_MS: z.coerce.number().int().min(1000).max(30 * DAY_MS).default(DAY_MS).describe('How long a broken upload waits to be continued'),
  BATCHBOX_FILE_ORPHAN_MS: z.coerce.number().int().min(MINUTE_MS).max(30 * DAY_MS).default(DAY_MS).describe('Age from which on what a process that died left in the store, and no file has, is removed; longer than Redis may be away'),
  BATCHBOX_FILE_REST_MS: z.coerce.number().int().min(0).max(30 * DAY_MS).default(MINUTE_MS).describe('How long what no file has any more is left in the store: longer than the last writes are that Redis may lose, since a Redis that lost them has the file again'),
} as const

/** A bucket of a server that speaks S3's protocol, and who is to ask it. */
export interface BucketSettings {
  bucket: string
  /** What all keys begin with, without slashes around it; empty for none. */
  prefix: string
  endpoint: string
  region: string
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string | undefined
  isPathStyle: boolean
  timeoutMs: number
}

/** What is done with files. Bytes, and milliseconds. */
export interface FileSettings {
  /** Folder or bucket; undefined where there are to be no files. */
  location: string | BucketSettings | undefined
  maxBytes: number
  tenantBytes: number
  tenantFiles: number
  ttlMs: number
  ttlMaxMs: number
  uploadIdleMs: number
  orphanMs: number
  restMs: number
}

type FileConfig = Readonly<z.infer<z.ZodObject<typeof FILE_VARIABLES>>>

/** Brings the variables into the form that the service takes. Throws an Error where a bucket has no credentials. */
export function loadFileSettings (config: FileConfig): FileSettings {
  return {
    location: loadBucket(config) ?? config.BATCHBOX_FILES,
    maxBytes: config.BATCHBOX_FILE_BYTES,
    tenantBytes: config.BATCHBOX_TENANT_FILE_BYTES,
    tenantFiles: config.BATCHBOX_TENANT_FILES,
    ttlMs: config.BATCHBOX_FILE_TTL_MS,
    ttlMaxMs: config.BATCHBOX_FILE_TTL_MAX_MS,
    uploadIdleMs: config.BATCHBOX_UPLOAD_IDLE_MS,
    orphanMs: config.BATCHBOX_FILE_ORPHAN_MS,
    restMs: config.BATCHBOX_FILE_REST_MS,
  }
}

function loadBucket (config: FileConfig): BucketSettings | undefined {
  const [, bucket, prefix = ''] = BUCKET.exec(config.BATCHBOX_FILES ?? '') ?? []
  if (bucket === undefined) return undefined
  const { BATCHBOX_S3_ACCESS_KEY_ID: accessKeyId, BATCHBOX_S3_SECRET_ACCESS_KEY: secretAccessKey, BATCHBOX_S3_REGION: region, BATCHBOX_S3_ENDPOINT: endpoint } = config
  if (accessKeyId === undefined || secretAccessKey === undefined) throw new Error('Cannot start: BATCHBOX_FILES is a bucket, and needs BATCHBOX_S3_ACCESS_KEY_ID and BATCHBOX_S3_SECRET_ACCESS_KEY')
  return {
    bucket,
    prefix,
    endpoint: endpoint ?? `https://s3.${region}.amazonaws.com`,
    region,
    accessKeyId,
    secretAccessKey,
    sessionToken: config.BATCHBOX_S3_SESSION_TOKEN,
    isPathStyle: (config.BATCHBOX_S3_PATH_STYLE ?? (endpoint ? '1' : '0')) === '1',
    timeoutMs: config.BATCHBOX_S3_TIMEOUT_MS,
  }
}
