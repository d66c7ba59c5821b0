import { z } from 'zod'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const KB = 1024

/** What the API and the workers are told about files, as members of their schemas. */
export const FILE_VARIABLES = {
  BATCHBOX_FILES: z.string().min(1).optional().describe('Folder that files are kept in, the same one for the API and every worker: they share it. `npm start` uses `files` in its data folder; without it, whatever needs files answers 503'),
  BATCHBOX_FILE_BYTES: z.coerce.number().int().min(KB).max(Number.MAX_SAFE_INTEGER).default(107_374_182_400).describe('Most bytes of one file that is uploaded; more are 413'),
  BATCHBOX_TENANT_FILE_BYTES: z.coerce.number().int().min(KB).max(Number.MAX_SAFE_INTEGER).default(1_099_511_627_776).describe('Bytes that the files of a tenant may have, with uploads under way and the outputs of its jobs; more are 429'),
  BATCHBOX_TENANT_FILES: z.coerce.number().int().min(1).max(100_000_000).default(100_000).describe('Files that a tenant may have, likewise; more are 429'),
  BATCHBOX_FILE_TTL_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(7 * DAY_MS).describe('How long a file is kept whose upload does not say; the outputs of a job stay as long as the job'),
  BATCHBOX_FILE_TTL_MAX_MS: z.coerce.number().int().min(1000).max(3650 * DAY_MS).default(90 * DAY_MS).describe('Longest that an upload may ask for'),
  BATCHBOX_UPLOAD_IDLE_MS: z.coerce.number().int().min(1000).max(30 * DAY_MS).default(DAY_MS).describe('How long a broken upload waits to be continued'),
  BATCHBOX_FILE_ORPHAN_MS: z.coerce.number().int().min(MINUTE_MS).max(30 * DAY_MS).default(DAY_MS).describe('Age from which on what a process that died left in the store, and no file has, is removed; longer than Redis may be away'),
} as const

/** What is done with files. Bytes, and milliseconds. */
export interface FileSettings {
  /** Folder; undefined where there are to be no files. */
  location: string | undefined
  maxBytes: number
  tenantBytes: number
  tenantFiles: number
  ttlMs: number
  ttlMaxMs: number
  uploadIdleMs: number
  orphanMs: number
}

/** Brings the variables into the form that the service takes. */
export function loadFileSettings (config: Readonly<z.infer<z.ZodObject<typeof FILE_VARIABLES>>>): FileSettings {
  return {
    location: config.BATCHBOX_FILES,
    maxBytes: config.BATCHBOX_FILE_BYTES,
    tenantBytes: config.BATCHBOX_TENANT_FILE_BYTES,
    tenantFiles: config.BATCHBOX_TENANT_FILES,
    ttlMs: config.BATCHBOX_FILE_TTL_MS,
    ttlMaxMs: config.BATCHBOX_FILE_TTL_MAX_MS,
    uploadIdleMs: config.BATCHBOX_UPLOAD_IDLE_MS,
    orphanMs: config.BATCHBOX_FILE_ORPHAN_MS,
  }
}
