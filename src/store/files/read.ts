import { JobError } from '../../core/failures.ts'
import { FileName } from '../../core/file.ts'
import { isId } from '../../core/ids.ts'
import type { Db } from '../db.ts'
import { formatPosition, parsePosition, readIndex, type Position } from '../walk.ts'
import { parseFile, type FileRecord } from './file-record.ts'

/** One page of a tenant's own files. */
export interface FilePage {
  files: FileRecord[]
  nextCursor: string | null
}

/** Files that one look at the index reads. */
const PAGE = 100

/** Reads a complete file of a tenant: by its name among its own, or by the id of any; one that was dropped only where that is asked for. */
export async function findFile (db: Db, tenant: string, nameOrId: string, { dropped = false }: { dropped?: boolean } = {}): Promise<FileRecord | undefined> {
  const id = isId('file', nameOrId) ? nameOrId : await readName(db, db.keys.fileNames(tenant), nameOrId)
  const file = id === undefined ? undefined : await readFile(db, id)
  return file?.tenant === tenant && file.status === 'complete' && (dropped || !file.isDropped) ? file : undefined
}

/** Reads an upload of a tenant that is under way, by its name or its id. */
export async function findUpload (db: Db, tenant: string, nameOrId: string): Promise<FileRecord | undefined> {
  const id = isId('file', nameOrId) ? nameOrId : await readName(db, db.keys.fileUploads(tenant), nameOrId)
  const file = id === undefined ? undefined : await readFile(db, id)
  return file?.tenant === tenant && file.status === 'partial' && file.jobId === null && !file.isDropped ? file : undefined
}

/** Reads the outputs of a job in the order they were made, with those that are under way. */
export async function readJobFiles (db: Db, jobId: string): Promise<FileRecord[]> {
  const ids = await db.redis.hvals(db.keys.jobFiles(jobId))
  const files = await Promise.all(ids.map((id) => readFile(db, id)))
  return files.filter((file) => file !== undefined).sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
}

/** Lists a tenant's own files, newest first. Throws INVALID for a cursor that is none. */
export async function listFiles (db: Db, tenant: string, { limit, cursor }: { limit: number, cursor?: string | undefined }): Promise<FilePage> {
  const files: FileRecord[] = []
  for (let at = parseCursor(cursor); ;) {
    const { positions, isLast } = await readIndex(db, db.keys.files(tenant), { at, count: PAGE })
    const records = await Promise.all(positions.map(({ id }) => readFile(db, id)))
    for (const [index, file] of records.entries()) {
      if (files.length === limit) return { files, nextCursor: formatCursor(positions[index - 1] ?? at) }
      if (file) files.push(file)
    }
    if (isLast) return { files, nextCursor: null }
    at = positions.at(-1) ?? at
  }
}

async function readFile (db: Db, id: string): Promise<FileRecord | undefined> {
  return parseFile(id, await db.redis.hgetall(db.keys.file(id)))
}

async function readName (db: Db, names: string, name: string): Promise<string | undefined> {
  const { data } = FileName.safeParse(name)
  return data === undefined ? undefined : await db.redis.hget(names, data) ?? undefined
}

function formatCursor (position: Position | undefined): string | null {
  return position ? Buffer.from(formatPosition(position)).toString('base64url') : null
}

function parseCursor (cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined
  const position = parsePosition(Buffer.from(cursor, 'base64url').toString())
  if (!position) throw new JobError('INVALID', 'Cannot list files: the cursor is not one that a list answered with')
  return position
}
