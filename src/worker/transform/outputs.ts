import { JobError } from '../../core/failures.ts'
import type { RunOutput } from '../../core/file.ts'
import { buildBrokenLimit, buildFailure } from '../../core/outcome.ts'
import { RecordError } from '../../core/records.ts'
import type { OutputFormat, TransformSettings } from '../../core/transform.ts'
import type { Files } from '../../files/files.ts'
import type { OutputAbout, OutputWriter } from '../../files/output.ts'
import { createWriter } from '../../records/create-writer.ts'
import type { WriterState } from '../../records/printer.ts'
import { describeOutput } from '../../records/resolve-format.ts'
import { Turn } from '../../records/turn.ts'
import type { Run } from '../../store/db.ts'
import { createRunFiles, type RunFiles } from '../run-files.ts'
import { TransformFailure } from './failure.ts'

/** A record that did not become one of the output, as it stands in the file of rejects. */
export interface Reject {
  /** Its number in the input, from 1, and the byte that it begins at. */
  record: number | null
  byte: number | null
  error: { code: string, name: string, message: string }
}

export interface TransformOutputsOptions {
  files: Files
  run: Run
  settings: Pick<TransformSettings, 'output' | 'errors'>
  /** Of all files that the job makes. */
  maxBytes: number
  /** What the commit says that the run goes on from; null where it begins anew. */
  state: WriterState | null
  /** The output is a part of a file. */
  part: boolean
}

/** What a commit says of the files that a run wrote. */
export interface Written {
  outputs: RunOutput[]
  state: WriterState
}

/** The files that a transform writes: its output, its rejects from the first one on, and what its code writes by the tool. The caller closes it. */
export interface TransformOutputs {
  /** What the tool writes with. */
  readonly own: RunFiles
  /** With those of the runs before. */
  readonly bytes: number
  /** Writes lines of JSON. Throws RESULT_NOT_SERIALIZABLE, OUTPUT_TOO_LARGE, and what the store throws. */
  write (text: Buffer, count: number): Promise<void>
  /** Each is written with the record's JSON, where that is known: once, for a generator may fail a thousand times at one record. */
  reject (rejects: readonly Reject[], textOf?: (record: number) => string | undefined): Promise<void>
  /** What the tool was asked to write up to here, and no more, is in the next commit. */
  mark (): void
  /** Makes durable what was written. `isComplete`: nothing more comes. */
  commit (isComplete: boolean): Promise<Written>
  /** Makes durable what there is, whatever went wrong before. */
  salvage (): Promise<RunOutput[]>
  close (): Promise<void>
}

/** Rejects are written in portions, about: thousands may come at one time, each with a long text. */
const PORTION_CHARS = 65_536
const REJECTS: OutputFormat = { format: 'ndjson', compression: 'none', delimiter: ',', header: false }

/** Opens the files of a transform's run: it goes on after what was committed of them, or begins anew. */
export async function openOutputs ({ files, run, settings, maxBytes, state, part }: TransformOutputsOptions): Promise<TransformOutputs> {
  const committed = state ? (await files.ofJob(run.jobId)).map(({ id, name, type, encoding, extents }): RunOutput => ({ id, name, type, encoding, extents, isComplete: false })) : []
  const reserved = [settings.output.name ?? describeOutput(settings.output).name, settings.errors.name]
  if (reserved[0] === reserved[1]) throw new JobError('INVALID', `Cannot write two files of one name: ${JSON.stringify(reserved[0])} is that of the output and that of the rejects (transform.errors.name)`)
  const own = createRunFiles(files, { run, maxBytes, reserved, before: committed.filter(({ name }) => !reserved.includes(name)) })
  const open = (format: OutputFormat, name?: string) => {
    const { name: fallback, contentType, contentEncoding } = describeOutput(format)
    const about: OutputAbout = { name: name ?? fallback, type: contentType, encoding: contentEncoding }
    const before = committed.find((file) => file.name === about.name)
    return files.output(run, { ...about, before: before?.extents ?? [] })
  }
  const output = await open(settings.output)
  const writer = createWriter({ format: settings.output, sink: output, state, part })
  let rejects: OutputWriter | undefined
  let marked: Promise<RunOutput[]> | undefined
  const turn = new Turn()
  /** The record that was rejected last. */
  let told: number | null = null
  const openRejects = () => open(REJECTS, settings.errors.name)
  if (committed.some(({ name }) => name === settings.errors.name)) rejects = await openRejects()

  const sum = () => output.bytes + (rejects?.bytes ?? 0) + own.bytes
  const check = () => {
    if (sum() <= maxBytes) return
    const limit = buildBrokenLimit('outputBytes', maxBytes, sum())
    throw new TransformFailure(buildFailure('OUTPUT_TOO_LARGE', `Cannot write more: the files of the job have ${sum()} bytes, and limits.outputBytes is ${maxBytes}`, { limit }))
  }
  return {
    own,
    get bytes () { return sum() },

    async write (text, count) {
      await asResult(writer.write(text, count))
      check()
    },

    async reject (failed, textOf = () => undefined) {
      if (failed.length === 0) return
      const file = rejects ??= await openRejects()
      let lines = ''
      for (const reject of failed) {
        const text = reject.record === null || reject.record === told ? undefined : textOf(reject.record)
        told = reject.record
        lines += `${JSON.stringify({ ...reject, text })}\n`
        if (lines.length < PORTION_CHARS) continue
        await file.write(Buffer.from(lines))
        check()
        lines = ''
        await turn.take()
      }
      await file.write(Buffer.from(lines))
      check()
    },

    mark () {
      marked = own.commit(false)
      marked.catch(() => {}) // the commit hears of it
    },

    async commit (isComplete) {
      const written = marked
      marked = undefined
      const state = await asResult(isComplete ? writer.end() : writer.commit())
      check()
      const others = isComplete || !written ? own.commit(isComplete) : written
      return { state, outputs: [await output.sync(isComplete), ...rejects ? [await rejects.sync(isComplete)] : [], ...await others] }
    },

    async salvage () {
      await writer.commit().catch(() => {}) // what it still held may be what it failed for
      return [await output.sync(), ...rejects ? [await rejects.sync()] : [], ...await own.commit(false)]
    },

    async close () {
      writer.close()
      await Promise.all([output.close(), rejects?.close(), own.close()])
    },
  }
}

/** What cannot be written as the format asks is the code's doing. */
async function asResult<T> (writing: Promise<T>): Promise<T> {
  try {
    return await writing
  } catch (error) {
    if (error instanceof RecordError) throw new JobError('RESULT_NOT_SERIALIZABLE', error.message, { cause: error })
    throw error
  }
}

