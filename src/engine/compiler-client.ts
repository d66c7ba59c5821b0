import { LRUCache } from 'lru-cache'
import { type CompilerMessage, type CompiledSource, MAX_SOURCE_CHARS } from '../core/compiler-messages.ts'
import { type CodeForm, countChars, type JobSources } from '../core/job-sources.ts'
import { buildFailure, type JobFailure } from '../core/outcome.ts'
import { unreachable } from '../core/unreachable.ts'
import type { LaneAnswer } from './compiler-lane.ts'
import { createLanePool, type FormedSources } from './compiler-pool.ts'

const BYTES_PER_CHAR = 2
const ENTRY_BYTES = 1000
/** A source that stopped the compiler is tried again after this: the machine may have been at fault. */
const STOPPED_TTL_MS = 600_000

/** One module. JavaScript that parses as it stands is kept as it came, and has no map. */
export interface CompiledFile {
  file: string
  code: string
  map: string | null
  /** What stands in the code for the `import` of dynamic imports; null where there are none. */
  importName: string | null
}

/** The code of a job, and the files that it brings along. */
export interface Compiled extends CompiledFile {
  type: 'compiled'
  form: CodeForm
  sources: readonly CompiledFile[]
}

/** SYNTAX_ERROR with its place in message and stack, or because the compiler had to be stopped; INTERNAL when there was no compiler. */
export interface CompileFailure {
  type: 'failed'
  failure: JobFailure
}

export interface CompilerConfig {
  /** Processes, each with one source at a time. */
  processes: number
  /** From the moment that a process has the source. */
  timeoutMs: number
  /** Resident memory of one process and of its esbuild. */
  memoryMb: number
  /** Sources that may wait for a process; one more fails with INTERNAL. */
  maxQueued: number
  cacheBytes: number
  /** Told of every process that did not start or ended by itself, with what it left on stderr: for the operator, not for users. */
  onError? (error: Error): void
}

export const DEFAULT_COMPILER_CONFIG: Readonly<Omit<CompilerConfig, 'onError'>> = Object.freeze({
  processes: 2,
  timeoutMs: 2000,
  memoryMb: 512,
  maxQueued: 1000,
  cacheBytes: 64 * 1_048_576,
})

export interface CompilerRequest extends JobSources {
  tenant: string
  /** What the code may be; a module unless given. */
  form?: CodeForm | undefined
  /** SHA-256 of the sources, as they are stored. */
  codeHash: string
}

export interface Compiler {
  /** Never rejects. */
  compile (request: CompilerRequest): Promise<Compiled | CompileFailure>
  /** Fails what waits with INTERNAL and ends the processes. */
  close (): Promise<void>
}

/** Sources that are taken as they stand are not kept. */
type Entry = { type: 'compiled', form: CodeForm, sources: readonly (Omit<CompiledFile, 'code'> & { code: string | null })[] } | CompileFailure

/**
 * Compiles in processes of their own, that are killed when slow or large, and remembers answers per tenant and
 * source. Requests for what is being compiled share it. One process is started at once, the others when they are needed.
 */
export function createCompiler (config: Partial<CompilerConfig> = {}): Compiler {
  const { cacheBytes, onError, ...poolConfig } = { ...DEFAULT_COMPILER_CONFIG, ...config }
  const pool = createLanePool(poolConfig)
  const cache = new LRUCache<string, Entry>({ maxSize: cacheBytes, sizeCalculation: sizeOf })
  const pending = new Map<string, Promise<Entry>>()

  async function compileFresh (key: string, sources: FormedSources): Promise<Entry> {
    try {
      const answer = await pool.run(sources)
      if (isMishap(answer)) onError?.(new Error(`Cannot compile: ${answer.evidence}`))
      const entry = toEntry(answer, poolConfig)
      const ttl = answer.type === 'died' ? { ttl: STOPPED_TTL_MS } : {}
      if (answer.type !== 'unavailable') cache.set(key, entry, ttl)
      return entry
    } finally {
      pending.delete(key)
    }
  }

  return {
    async compile ({ tenant, codeHash, form = 'module', code, files }) {
      const chars = countChars({ code, files })
      if (chars > MAX_SOURCE_CHARS) return failed(buildFailure('CODE_TOO_LARGE', `Cannot compile: ${chars} characters of code, allowed are ${MAX_SOURCE_CHARS}`))
      const texts = Object.values(files)
      const key = JSON.stringify([tenant, codeHash, texts.length, form]) // code alone may read like files that are stored
      let entry = cache.get(key) ?? pending.get(key)
      if (!entry) pending.set(key, entry = compileFresh(key, { form, code, files }))
      const done = await entry
      if (done.type === 'failed') return done
      const [main, ...sources] = done.sources.map(({ file, code: made, map, importName }, i) => ({ file, code: made ?? [code, ...texts][i] ?? '', map, importName }))
      return { type: 'compiled', form: done.form, ...main!, sources } // the compiler answers one at least
    },
    close: () => pool.close(),
  }
}

function isMishap (answer: LaneAnswer): answer is LaneAnswer & { evidence: string } {
  return (answer.type === 'unavailable' && answer.evidence !== undefined) || (answer.type === 'died' && answer.cause === 'itself')
}

function toEntry (answer: LaneAnswer, { timeoutMs, memoryMb }: { timeoutMs: number, memoryMb: number }): Entry {
  switch (answer.type) {
    case 'answered':
      return readMessage(answer.message, answer.body)
    case 'unavailable':
      return failed(buildFailure('INTERNAL', answer.reason))
    case 'died': {
      const why = { time: `after ${timeoutMs} ms`, memory: `when it needed more than ${memoryMb} MB`, itself: 'by an error of its own' }[answer.cause]
      return failed(buildFailure('SYNTAX_ERROR', `Cannot compile: the compiler was stopped ${why}`, { name: 'SyntaxError' }))
    }
    default:
      return unreachable(answer)
  }
}

function readMessage (message: Exclude<CompilerMessage, { type: 'ready' }>, body: Buffer): Entry {
  switch (message.type) {
    case 'compiled':
      return { type: 'compiled', form: message.form, sources: cutBody(message.sources, body) }
    case 'invalid': {
      const place = `${message.file}:${message.line}:${message.column}`
      const text = `${message.message} (${place})`
      const excerpt = message.excerpt === null ? '' : `\n\n${message.line} | ${message.excerpt}`
      return failed(buildFailure('SYNTAX_ERROR', text, { name: 'SyntaxError', stack: `SyntaxError: ${text}\n    at ${place}${excerpt}` }))
    }
    case 'too large':
      return failed(buildFailure('CODE_TOO_LARGE', `Cannot compile: the code becomes ${message.bytes} bytes of JavaScript and positions`))
    default:
      return unreachable(message)
  }
}

function cutBody (sources: readonly CompiledSource[], body: Buffer) {
  let at = 0
  const take = (bytes: number) => body.toString('utf8', at, at += bytes)
  return sources.map(({ name, verbatim, codeBytes, mapBytes, importName }) => ({ file: name, code: verbatim ? null : take(codeBytes), map: mapBytes > 0 ? take(mapBytes) : null, importName }))
}

function failed (failure: JobFailure): CompileFailure {
  return { type: 'failed', failure }
}

function sizeOf (entry: Entry): number {
  const texts = entry.type === 'compiled' ? entry.sources.flatMap(({ file, code, map }) => [file, code, map]) : []
  return ENTRY_BYTES + texts.reduce((chars, text) => chars + (text?.length ?? 0), 0) * BYTES_PER_CHAR
}
