import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import type { FileSettings } from '../../src/core/file-variables.ts'
import { openFiles, type Files } from '../../src/files/files.ts'
import type { Db } from '../../src/store/db.ts'
import type { FileRecord } from '../../src/store/files/file-record.ts'
import type { Scope } from './scope.ts'
import { TENANT } from './store.ts'

const DAY_MS = 86_400_000
const SETTINGS = { maxBytes: 1e9, tenantBytes: 1e9, tenantFiles: 1000, ttlMs: DAY_MS, ttlMaxMs: 2 * DAY_MS, uploadIdleMs: DAY_MS, orphanMs: DAY_MS, restMs: 0 } satisfies Omit<FileSettings, 'location'>

/** Files in a folder of their own, which goes with the test, or in the one that another process has. */
export function openTestFiles (t: Scope, db: Db, { location: given, ...settings }: Partial<FileSettings> & { location?: string } = {}): Files & { location: string } {
  const location = given ?? temporaryFolder(t)
  const files = openFiles(db, { ...SETTINGS, ...settings, location })
  t.after(() => files.close())
  return { ...files, location }
}

/** A folder that goes with the test. */
export function temporaryFolder (t: Scope): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-files-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Uploads a file in one piece. */
export async function putFile (files: Files, name: string, content: string | Buffer, { tenant = TENANT, ttlMs, encoding = null }: { tenant?: string, ttlMs?: number, encoding?: string | null } = {}): Promise<FileRecord> {
  const upload = await files.upload(tenant, name, { type: 'text/plain', encoding, ttlMs })
  await upload.write(Buffer.from(content))
  return upload.complete()
}

/** Reads a file, or a part of it, as text. */
export async function readContent (files: Files, file: FileRecord | undefined, range?: { start?: number, end?: number }): Promise<string> {
  if (!file) throw new Error('Cannot read a file that is not there')
  return (await buffer(files.open(file, range))).toString()
}

/** Paths of all blobs in the folder of a store. */
export function blobPaths (location: string): string[] {
  return readdirSync(location).flatMap((part) => readdirSync(join(location, part)).map((blob) => join(location, part, blob)))
}
