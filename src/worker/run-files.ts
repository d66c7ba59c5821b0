import { JobError } from '../core/failures.ts'
import type { RunOutput } from '../core/file.ts'
import type { FileFacts, FileForm, FileService, FileWrite } from '../core/file-service.ts'
import { newId } from '../core/ids.ts'
import { InputFormat, type Compression } from '../core/transform.ts'
import type { Files } from '../files/files.ts'
import type { OutputAbout, OutputWriter } from '../files/output.ts'
import { resolveFormat } from '../records/resolve-format.ts'
import type { Run } from '../store/db.ts'
import { sumExtents, type FileRecord } from '../store/files/file-record.ts'
import { decompressFile } from './decompress-file.ts'
import { OwnFile } from './own-file.ts'

export interface RunFilesOptions {
  run: Run
  /** Of all files that the job makes. */
  maxBytes: number
  /** Names that code may not write: those of the outputs that are written for it. */
  reserved?: readonly string[]
  /** What was committed by the run that this one goes on from. */
  before?: readonly RunOutput[]
}

/** Files as the code of one run has them, and what is to become of those that it wrote. The caller closes it. */
export interface RunFiles extends FileService {
  /** Bytes that this run has written, also where others took their place. */
  readonly bytes: number
  /** What is written by all calls before this one, durable. With `isComplete` no more can be written. Throws what a write failed with, unless its file was begun anew. */
  commit (isComplete: boolean): Promise<RunOutput[]>
  /** Goes on with what runs before have committed, but for what this one has written itself. */
  restore (): Promise<void>
  close (): Promise<void>
}

const AS_TEXT = InputFormat.parse({ format: 'lines' })

/** What files are opened by. */
type Content = Pick<FileRecord, 'id' | 'name' | 'bytes' | 'extents'>

/** Every run writes files of its own, which nobody sees before they are committed under its fence: so a run that lost its job spoils nothing. */
export function createRunFiles (files: Files, { run, maxBytes, reserved = [], before = [] }: RunFilesOptions): RunFiles {
  /** A name is one file, also where it is begun anew before Redis knows of it. */
  const ids = new Map<string, string>()
  const own = new Map<string, OwnFile>()
  const known = new Map<string, FileRecord>()
  let bytes = 0
  let isOver = false
  before.forEach(goOn)

  function openWriter (about: OutputAbout): Promise<OutputWriter> {
    const id = ids.get(about.name) ?? newId('file')
    ids.set(about.name, id)
    return files.output(run, { ...about, id })
  }

  function goOn (committed: RunOutput): void {
    const { name, type } = committed
    if (!own.has(name)) own.set(name, new OwnFile({ name, type, committed }, openWriter))
  }

  /** A file that others replace meanwhile stays the same for this run. */
  async function findRecord (nameOrId: string): Promise<FileRecord | undefined> {
    const record = known.get(nameOrId) ?? await files.find(run.tenant, nameOrId)
    if (record) known.set(nameOrId, record).set(record.id, record)
    return record
  }

  /** Of a file of its own, all that was written before. */
  async function findContent ({ id, name, isOwn }: FileFacts): Promise<Content> {
    const file = isOwn ? await own.get(name)?.sync() : await findRecord(id)
    if (!file) throw new JobError('FILE_GONE', `Cannot read ${JSON.stringify(name)}: there is no such file any more`)
    return { id, name, extents: [...file.extents], bytes: sumExtents(file.extents) }
  }

  /** What has to be done before the next call comes: the order of the calls is that of the writes. */
  function begin ({ name, type, bytes: { length }, append }: FileWrite): OwnFile {
    const action = `Cannot write ${JSON.stringify(name)}`
    if (isOver) throw new JobError('UNAVAILABLE', `${action}: the run is over`)
    if (reserved.includes(name)) throw new JobError('INVALID', `${action}: the transform writes a file of that name; choose another`)
    if (bytes + length > maxBytes) throw new JobError('OUTPUT_TOO_LARGE', `${action}: the run has written ${bytes} bytes, and its files may have ${maxBytes} (limits.outputBytes)`)
    bytes += length
    const known = own.get(name)
    if (known && append) return known
    const file = new OwnFile({ name, type }, openWriter)
    own.set(name, file)
    known?.close().catch(() => {}) // what is left of it is swept
    return file
  }

  return {
    get bytes () { return bytes },
    get written () { return [...own.keys()] },

    async list (page) {
      const { files: records, nextCursor } = await files.list(run.tenant, page)
      return { files: records.map(describe), cursor: nextCursor }
    },

    async find (nameOrId) {
      const mine = own.get(nameOrId)
      if (mine) return mine.describe()
      const record = await findRecord(nameOrId)
      return record && describe(record)
    },

    async read (file, range) {
      const stored = files.open(await findContent(file), range)
      return Buffer.concat(await stored.toArray() as Buffer[]) // it has no encoding
    },

    async open (file, as) {
      const content = await findContent(file)
      return decompressFile(files.open(content), { ...content, compression: as === 'stored' ? 'none' : compressionOf(file, as) })
    },

    async write (change) {
      await begin(change).write(change.bytes)
    },

    async commit (isComplete) {
      isOver ||= isComplete
      return Promise.all([...own.values()].map((file) => file.commit(isComplete)))
    },

    async restore () {
      for (const file of await files.ofJob(run.jobId)) if (file.extents.length > 0) goOn({ ...file, isComplete: false })
    },

    async close () {
      isOver = true
      await Promise.all([...own.values()].map((file) => file.close()))
    },
  }
}

function compressionOf ({ name, type, encoding }: FileFacts, as: FileForm): Compression {
  if (as === 'content') return resolveFormat(AS_TEXT, { name: '', contentEncoding: encoding }).compression
  return resolveFormat(AS_TEXT, { name, contentType: type, contentEncoding: encoding }).compression
}

function describe ({ id, name, bytes, type, encoding, updatedAt }: FileRecord): FileFacts {
  return { id, name, bytes, type, encoding, updatedAt, isOwn: false }
}
