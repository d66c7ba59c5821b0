import { JobError } from '../core/failures.ts'
import type { RunOutput } from '../core/file.ts'
import type { FileFacts } from '../core/file-service.ts'
import type { OutputAbout, OutputWriter } from '../files/output.ts'

/**
 * A file that a run writes, or may go on writing where the run before it committed some. What is asked for is done one after another, in the order of the calls. Once a write
 * has failed nobody knows what is in the file, so everything after it fails, too.
 */
export class OwnFile {
  readonly #about: OutputAbout
  readonly #committed: RunOutput | undefined
  readonly #openWriter: (about: OutputAbout) => Promise<OutputWriter>
  #writer: Promise<OutputWriter> | undefined
  #last: Promise<unknown> = Promise.resolve()
  #failure: unknown
  #bytes = 0
  #updatedAt = Date.now()
  #mayBeKept = false

  constructor ({ committed, ...about }: { name: string, type: string | null, committed?: RunOutput }, openWriter: (about: OutputAbout) => Promise<OutputWriter>) {
    this.#about = { ...about, encoding: committed?.encoding ?? null, before: committed?.extents ?? [] }
    this.#committed = committed
    this.#openWriter = openWriter
    for (const { bytes } of committed?.extents ?? []) this.#bytes += bytes
  }

  /** As it is when all is written that was asked for. */
  async describe (): Promise<FileFacts> {
    const { name, type, encoding } = this.#about
    const { id } = this.#committed ?? await this.#open()
    return { id, name, bytes: this.#bytes, type, encoding, updatedAt: this.#updatedAt, isOwn: true }
  }

  write (bytes: Buffer): Promise<void> {
    this.#bytes += bytes.length
    this.#updatedAt = Date.now()
    return this.#inTurn(async () => (await this.#open()).write(bytes))
  }

  /** What was written before this call, durable. */
  sync (isComplete = false): Promise<RunOutput> {
    return this.#inTurn(async () => this.#committed && !this.#writer ? { ...this.#committed, isComplete } : (await this.#open()).sync(isComplete))
  }

  /** The same, to be committed. */
  commit (isComplete: boolean): Promise<RunOutput> {
    this.#mayBeKept = true
    return this.sync(isComplete)
  }

  /** Lets go of it, once what was asked for is done; nothing is left of what cannot have been committed. */
  async close (): Promise<void> {
    await this.#last
    const writer = await this.#writer?.catch(() => undefined) // whoever wrote has heard of it
    await (this.#mayBeKept ? writer?.close() : writer?.discard())
  }

  #inTurn<T> (act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(() => {
      if (this.#failure !== undefined) throw this.#explain()
      return act()
    })
    this.#last = done.catch((error: unknown) => { this.#failure ??= error })
    return done
  }

  #explain (): JobError {
    const why = this.#failure instanceof Error ? this.#failure.message : String(this.#failure)
    const code = this.#failure instanceof JobError ? this.#failure.code : 'UNAVAILABLE'
    return new JobError(code, `Cannot go on with file ${JSON.stringify(this.#about.name)}, which a write before has failed for: write it anew. ${why}`, { cause: this.#failure })
  }

  #open (): Promise<OutputWriter> {
    this.#writer ??= this.#openWriter(this.#about)
    return this.#writer
  }
}
