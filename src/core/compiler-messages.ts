import { z } from 'zod'
import { CODE_FORMS } from './job-sources.ts'
import { SOURCE_BOUNDS } from './source-names.ts'

/** Longest sources that are compiled, all of a job's together, in UTF-16 code units; an operator may allow a job no more. */
export const MAX_SOURCE_CHARS = 1_000_000
/** Longest code and maps that may come out of the sources of a job, together, in bytes. */
export const MAX_COMPILED_BYTES = 16 * 1_048_576
/** Three bytes of UTF-8 for each code unit of the source, or the whole output, and the header. */
export const COMPILER_FRAME = { maxFrameBytes: MAX_COMPILED_BYTES + 131_072, maxHeaderBytes: 131_072 } as const

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

const Name = z.string().max(SOURCE_BOUNDS.nameChars)
const bytes = z.int().min(0)

/** To the compiler; the body of the frame are the sources, one after another. The first is the job's code, which may be JavaScript or TypeScript; the others are what their names say. `form` is what the code may be. */
export const CompileRequest = z.object({ type: z.literal('compile'), id: z.number().int(), form: z.enum(CODE_FORMS), codeBytes: bytes, files: z.array(z.object({ name: Name, bytes })).max(SOURCE_BOUNDS.count) })
export type CompileRequest = z.infer<typeof CompileRequest>

/**
 * What became of one source. `verbatim` is JavaScript, or JSON, to be taken as it stands, of which the body has nothing; of others it has the code and then the map.
 * `importName` is what stands in the code for the `import` of dynamic imports; null where there are none.
 */
const CompiledSource = z.object({ name: Name, verbatim: z.boolean(), codeBytes: bytes, mapBytes: bytes, importName: z.string().max(6).nullable() })
export type CompiledSource = z.infer<typeof CompiledSource>

/** From the compiler. The sources of `compiled` are in the order that they came in; the first is named by the language that it is in. `form` is what the code is. */
export const CompilerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('compiled'), id: z.number().int(), form: z.enum(CODE_FORMS), sources: z.array(CompiledSource).min(1).max(SOURCE_BOUNDS.count + 1) }),
  z.object({
    type: z.literal('invalid'),
    id: z.number().int(),
    file: Name,
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
