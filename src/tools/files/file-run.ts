import { JobError } from '../../core/failures.ts'
import type { FileFacts, FileService, FileWrite } from '../../core/file-service.ts'
import { allowsFile } from '../../core/permissions.ts'
import { ToolError, type ToolRun } from '../tool.ts'
import { FileStream } from './file-stream.ts'

export interface FileLimits {
  maxReadBytes: number
  maxWriteBytes: number
  maxFiles: number
  maxOpen: number
  chunkBytes: number
}

/** What one run does with files: it has what the job's permissions name, within its limits. All that it opened ends with it. */
export class FileRun {
  readonly #run: ToolRun
  readonly #limits: FileLimits
  readonly #streams = new Map<number, FileStream>()
  #opened = 0
  #readBytes = 0
  #writtenBytes = 0

  constructor (run: ToolRun, limits: FileLimits) {
    this.#run = run
    this.#limits = limits
    run.signal.addEventListener('abort', () => { for (const stream of this.#streams.keys()) this.close(stream) }, { once: true })
  }

  /** Those that may be read. A job that names them gets them all at once, with those that it wrote before the others. */
  async list ({ cursor, limit }: { cursor: string | undefined, limit: number }): Promise<{ files: FileFacts[], cursor: string | null }> {
    const { grants: { read } } = this.#run
    return this.#tell('list files', async (files) => {
      const own = cursor === undefined ? await findAll(files, files.written) : []
      if (read !== true) return { files: [...own, ...await findAll(files, read.filter((name) => !files.written.includes(name)))], cursor: null }
      const page = await files.list({ cursor, limit })
      return { files: [...own, ...page.files], cursor: page.cursor }
    })
  }

  async find (name: string): Promise<FileFacts | undefined> {
    return this.#tell(`look for ${quote(name)}`, async (files) => {
      this.#demandRead(files, name)
      return files.find(name)
    })
  }

  /** Answers null where there is no part to be had, since the content is compressed. */
  async findRange (name: string, { start, end, decode }: { start: number | undefined, end: number | undefined, decode: boolean }): Promise<{ start: number, end: number } | null> {
    return this.#tell(`read ${quote(name)}`, async (files) => {
      const { bytes, encoding } = await this.#demandFile(files, name)
      if (encoding !== null && decode) {
        if (start === undefined && end === undefined) return null
        throw new ToolError(`Cannot read a part of ${quote(name)}: its content is stored with ${encoding}; read all of it, or the bytes that are stored, with decode: false`)
      }
      const to = Math.min(end ?? bytes, bytes)
      const from = Math.min(start ?? 0, to)
      this.#checkReading(name, to - from)
      return { start: from, end: to }
    })
  }

  async read (name: string, { start, end }: { start: number, end: number }): Promise<Buffer> {
    const { chunkBytes } = this.#limits
    if (end - start > chunkBytes || end < start) throw new ToolError(`Cannot read ${quote(name)}: bytes ${start} to ${end} are not ${chunkBytes} at the most`)
    return this.#tell(`read ${quote(name)}`, async (files) => {
      const file = await this.#demandFile(files, name)
      this.#takeReading(name, end - start)
      const bytes = await files.read(file, { start, end: Math.min(end, file.bytes) })
      this.#run.receipt.use({ grant: 'read', target: name, receivedBytes: bytes.length })
      return bytes
    })
  }

  /** Answers the number of what it opened. */
  async open (name: string, { isText, decode }: { isText: boolean, decode: boolean }): Promise<number> {
    return this.#tell(`read ${quote(name)}`, async (files) => {
      const { maxOpen, chunkBytes } = this.#limits
      const file = await this.#demandFile(files, name)
      const readable = await files.open(file, !decode ? 'stored' : isText ? 'text' : 'content')
      if (this.#run.signal.aborted || this.#streams.size >= maxOpen) {
        readable.destroy()
        throw new ToolError(`Cannot read ${quote(name)}: ${maxOpen} files are being read, the most at one time (maxOpen of tool files); read one to its end`, { code: 'TOOL_LIMIT' })
      }
      const number = this.#opened += 1
      this.#streams.set(number, new FileStream(readable, { name, isText, chunkBytes }))
      return number
    })
  }

  /** Answers null at the end. A stream that fails is closed. */
  async next (number: number, signal: AbortSignal): Promise<string | Buffer | null> {
    const stream = this.#streams.get(number)
    if (!stream) throw new ToolError('Cannot read on: the file was closed')
    const { name } = stream
    const close = () => this.close(number)
    signal.addEventListener('abort', close, { once: true })
    try {
      return await this.#tell(`read ${quote(name)}`, async () => {
        const part = await stream.next()
        if (part === null) close()
        else this.#takeReading(name, part.bytes)
        this.#run.receipt.use({ grant: 'read', target: name, receivedBytes: part?.bytes ?? 0 })
        return part?.content ?? null
      })
    } catch (error) {
      close()
      throw error
    } finally {
      signal.removeEventListener('abort', close)
    }
  }

  close (number: number): void {
    this.#streams.get(number)?.close()
    this.#streams.delete(number)
  }

  /** What is asked for here is written in this order, whenever that is: so nothing may be waited for before the service has it. */
  async write (change: FileWrite): Promise<void> {
    const { name, bytes: { length } } = change
    const { grants, receipt } = this.#run
    const { maxWriteBytes, maxFiles } = this.#limits
    return this.#tell(`write ${quote(name)}`, async (files) => {
      if (!allowsFile(grants.write, name)) throw this.#deny('write', name)
      if (!files.written.includes(name) && files.written.length >= maxFiles) throw new ToolError(`Cannot write ${quote(name)}: the run has written ${maxFiles} files, the most (maxFiles of tool files)`, { code: 'TOOL_LIMIT' })
      if (this.#writtenBytes + length > maxWriteBytes) throw new ToolError(`Cannot write ${quote(name)}: the run has written ${this.#writtenBytes} bytes, and may write ${maxWriteBytes} (maxWriteBytes of tool files)`, { code: 'TOOL_LIMIT' })
      this.#writtenBytes += length
      await files.write(change)
      receipt.use({ grant: 'write', target: name, sentBytes: length })
    })
  }

  /** What it wrote itself it may read. */
  #demandRead (files: FileService, name: string): void {
    if (!files.written.includes(name) && !allowsFile(this.#run.grants.read, name)) throw this.#deny('read', name)
  }

  async #demandFile (files: FileService, name: string): Promise<FileFacts> {
    this.#demandRead(files, name)
    const file = await files.find(name)
    if (!file) throw new ToolError(`Cannot read ${quote(name)}: there is no such file`)
    return file
  }

  #deny (grant: 'read' | 'write', target: string): ToolError {
    const reason = `Cannot ${grant} ${quote(target)}: the job was not granted it; permissions.${grant} would have to name ${quote(target)}`
    this.#run.receipt.deny({ grant, target, reason })
    return new ToolError(reason, { code: 'PERMISSION_DENIED' })
  }

  #checkReading (name: string, bytes: number): void {
    const { maxReadBytes } = this.#limits
    if (this.#readBytes + bytes > maxReadBytes) throw new ToolError(`Cannot read ${quote(name)}: the run has read ${this.#readBytes} bytes, and may read ${maxReadBytes} (maxReadBytes of tool files)`, { code: 'TOOL_LIMIT' })
  }

  #takeReading (name: string, bytes: number): void {
    this.#checkReading(name, bytes)
    this.#readBytes += bytes
  }

  /** User code may know what the service says. */
  async #tell<T> (action: string, act: (files: FileService) => Promise<T>): Promise<T> {
    const { files } = this.#run.services
    if (!files) throw new ToolError(`Cannot ${action}: this engine has nothing that keeps files`)
    try {
      return await act(files)
    } catch (error) {
      if (!(error instanceof JobError)) throw error
      throw new ToolError(error.message, { code: error.code === 'OUTPUT_TOO_LARGE' ? 'TOOL_LIMIT' : 'TOOL_ERROR', cause: error })
    }
  }
}

async function findAll (files: FileService, names: readonly string[]): Promise<FileFacts[]> {
  const found = await Promise.all(names.map((name) => files.find(name)))
  return found.filter((file) => file !== undefined)
}

function quote (name: string): string {
  return JSON.stringify(name)
}
