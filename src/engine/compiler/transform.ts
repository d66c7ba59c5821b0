import { type Message, type TransformFailure, transform } from 'esbuild'
import { TRANSFORM_OPTIONS } from '../../core/compiler-messages.ts'
import type { CodeName } from '../../core/source-names.ts'

/** Longest message that is answered. */
export const MESSAGE_CHARS = 500
const EXCERPT_CHARS = 160
/** What may parse as JavaScript and yet mean something else as TypeScript: a call with type arguments, a decorator, an accessor. */
export const AMBIGUOUS = /@|\baccessor\b|<[^;]{1,300}?>\s*[(`]/
/** What JavaScript has that V8 does not. */
const LOWERED = /@|\baccessor\b/
const JSX = /\bJSX\b/
const NO_JSX = 'JSX is not read here: write calls of functions, or send what a compiler makes of it'
const KEEP_IMPORTS = '{"compilerOptions":{"verbatimModuleSyntax":true}}'
const MAP_COMMENT = /(\/[/*][#@] *sourceMappingURL)=/g

export interface Invalid {
  type: 'invalid'
  file: string
  message: string
  line: number
  column: number
  excerpt: string | null
}

/** What becomes of one source: it is taken as it stands, or is another code, with a map where its positions are others. */
export type Transformed<Name extends string = string> =
  | { type: 'verbatim', file: Name }
  | { type: 'compiled', file: Name, code: string, map: string }

/**
 * Turns the code of a job into JavaScript: what parses as JavaScript is left as it stands, the rest is read as TypeScript.
 * When neither can read it, answers the error of the one that got further. Throws only when esbuild itself is broken.
 */
export async function transformCode (source: string): Promise<Transformed<CodeName> | Invalid> {
  const javascript = await parseAs(source, 'js', 'job.js')
  if (javascript.type === 'parsed' && !(await meansMore(source, javascript.code))) return { type: 'verbatim', file: 'job.js' }
  const typescript = await compile(source, 'ts', 'job.ts')
  if (typescript.type === 'compiled') return typescript
  if (javascript.type === 'parsed') return { type: 'verbatim', file: 'job.js' }
  return isFurther(typescript, javascript) && javascript.message !== NO_JSX ? typescript : javascript
}

/** Turns a file of a job into JavaScript, or leaves it as it stands, by what its name says that it is. Throws likewise. */
export async function transformFile (file: string, source: string): Promise<Transformed | Invalid> {
  if (file.endsWith('.json')) return checkJson(file, source)
  if (file.endsWith('ts')) return compile(source, 'ts', file)
  const parsed = await parseAs(source, 'js', file)
  if (parsed.type === 'invalid') return parsed
  return LOWERED.test(source) ? compile(source, 'js', file) : { type: 'verbatim', file }
}

/** Tells whether TypeScript reads something else in a source that JavaScript can read. */
export async function meansMore (source: string, asJavaScript: string): Promise<boolean> {
  if (!AMBIGUOUS.test(source)) return false
  const typescript = await parseAs(source, 'ts', 'job.ts', { tsconfigRaw: KEEP_IMPORTS })
  return typescript.type === 'parsed' && typescript.code !== asJavaScript
}

/** Reads a source, and leaves it as it stands. */
export async function parseAs (source: string, loader: 'js' | 'ts', file: string, more: { tsconfigRaw?: string } = {}): Promise<{ type: 'parsed', code: string } | Invalid> {
  const supported = loader === 'js' ? {} : TRANSFORM_OPTIONS.supported // as JavaScript nothing is rewritten: V8 has the last word
  try {
    const { code } = await transform(source, { ...TRANSFORM_OPTIONS, ...more, supported, loader, sourcefile: file, minifyWhitespace: true })
    return { type: 'parsed', code }
  } catch (error) {
    return toInvalid(error, file)
  }
}

/** Removes the types of a source, and what V8 has not. Throws only when esbuild itself is broken. */
export async function compile<Name extends string> (source: string, loader: 'js' | 'ts', file: Name): Promise<Extract<Transformed<Name>, { type: 'compiled' }> | Invalid> {
  const options = { ...TRANSFORM_OPTIONS, loader, sourcefile: file, sourcemap: 'external' } as const
  try {
    const { code, map } = await transform(source, options)
    const disarmed = source.replace(MAP_COMMENT, '$1:') // a map in a comment of the source would move positions out of it
    return { type: 'compiled', file, code, map: disarmed === source ? map : (await transform(disarmed, options)).map }
  } catch (error) {
    return toInvalid(error, file)
  }
}

/** Of two readers of JSON the stricter one decides, and the other one says where. */
async function checkJson (file: string, source: string): Promise<Transformed | Invalid> {
  try {
    JSON.parse(source)
    return { type: 'verbatim', file }
  } catch (error) {
    const place = await transform(source, { loader: 'json', logLevel: 'silent' }).then(() => undefined, (failure: unknown) => toInvalid(failure, file))
    return place ?? { type: 'invalid', file, message: String(error instanceof Error ? error.message : error).slice(0, MESSAGE_CHARS), line: 1, column: 1, excerpt: null }
  }
}

/** Tells which of two readings got further. */
export function isFurther (a: Invalid, b: Invalid): boolean {
  return a.line > b.line || (a.line === b.line && a.column > b.column)
}

function toInvalid (error: unknown, file: string): Invalid {
  const [first] = (error as Partial<TransformFailure>).errors ?? [] // what esbuild throws for a source; anything else has none
  if (!first) throw error
  const { line, column } = positionOf(first)
  const text = first.location?.lineText ?? ''
  return {
    type: 'invalid',
    file,
    message: JSX.test(first.text) ? NO_JSX : first.text.slice(0, MESSAGE_CHARS),
    line,
    column,
    excerpt: excerptOf(text),
  }
}

/** A line of the source, where it is short enough to show. */
export function excerptOf (line: string): string | null {
  return line.length > 0 && line.length <= EXCERPT_CHARS ? line : null
}

/** esbuild counts columns from 0 and in bytes of UTF-8. */
function positionOf ({ location }: Message): { line: number, column: number } {
  if (!location) return { line: 1, column: 1 }
  const before = Buffer.from(location.lineText).subarray(0, location.column)
  return { line: location.line, column: before.toString().length + 1 }
}
