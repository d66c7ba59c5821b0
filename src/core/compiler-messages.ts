import { z } from 'zod'

/** Longest source that is compiled, in UTF-16 code units; an operator may allow a job no more. */
export const MAX_SOURCE_CHARS = 1_000_000
/** Longest code and map that may come out of one source, together, in bytes. */
export const MAX_COMPILED_BYTES = 16 * 1_048_576
/** Three bytes of UTF-8 for each code unit of the source, or the whole output, and the header. */
export const COMPILER_FRAME = { maxFrameBytes: MAX_COMPILED_BYTES + 65_536, maxHeaderBytes: 65_536 } as const

/**
 * What every transform is done with. No tsconfig is read. Decorators are rewritten, since V8 has none; all else is left to V8.
 * Sourced from https://esbuild.github.io/api/#transform.
 */
export const TRANSFORM_OPTIONS = Object.freeze({
  target: 'esnext',
  charset: 'utf8',
  logLevel: 'silent',
  treeShaking: false,
  tsconfigRaw: '{}',
  sourcesContent: false,
  supported: Object.freeze({ decorators: false }),
} as const)

export const SourceFile = z.enum(['job.js', 'job.ts'])
export type SourceFile = z.infer<typeof SourceFile>

/** To the compiler; the body of the frame is the source. */
export const CompileRequest = z.object({ type: z.literal('compile'), id: z.number().int() })
export type CompileRequest = z.infer<typeof CompileRequest>

/** From the compiler. `verbatim` is JavaScript to be run as it stands. The body of `compiled` is the code and then the map. */
export const CompilerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('verbatim'), id: z.number().int() }),
  z.object({ type: z.literal('compiled'), id: z.number().int(), codeBytes: z.number().int().min(0) }),
  z.object({
    type: z.literal('invalid'),
    id: z.number().int(),
    file: SourceFile,
    message: z.string().max(1000),
    /** Counted from 1, the column in UTF-16 code units, as V8 counts. */
    line: z.number().int().min(1),
    column: z.number().int().min(1),
    /** The line of the source, when it is short enough to show. */
    excerpt: z.string().max(200).nullable(),
  }),
  z.object({ type: z.literal('too large'), id: z.number().int(), bytes: z.number().int() }),
])
export type CompilerMessage = z.infer<typeof CompilerMessage>
