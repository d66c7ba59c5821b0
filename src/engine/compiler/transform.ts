import { type Message, type TransformFailure, transform } from 'esbuild'
import { type SourceFile, TRANSFORM_OPTIONS } from '../../core/compiler-messages.ts'

const MESSAGE_CHARS = 500
const EXCERPT_CHARS = 160
/** What may parse as JavaScript and yet mean something else as TypeScript: a call with type arguments, a decorator, an accessor. */
const AMBIGUOUS = /@|\baccessor\b|<[^;]{1,300}?>\s*[(`]/
const KEEP_IMPORTS = '{"compilerOptions":{"verbatimModuleSyntax":true}}'
const MAP_COMMENT = /(\/[/*][#@] *sourceMappingURL)=/g

export interface Invalid {
  type: 'invalid'
  file: SourceFile
  message: string
  line: number
  column: number
  excerpt: string | null
}

/**
 * Turns one module into JavaScript: what parses as JavaScript is left as it stands, the rest is read as TypeScript.
 * When neither can read it, answers the error of the one that got further. Throws only when esbuild itself is broken.
 */
export async function transformSource (source: string): Promise<{ type: 'verbatim' } | { type: 'compiled', code: string, map: string } | Invalid> {
  const javascript = await parse(source, 'js')
  if (javascript.type === 'parsed' && !(await meansMore(source, javascript.code))) return { type: 'verbatim' }
  const typescript = await compileTypeScript(source)
  if (typescript.type === 'compiled') return typescript
  if (javascript.type === 'parsed') return { type: 'verbatim' }
  return isFurther(typescript, javascript) ? typescript : javascript
}

/** Tells whether TypeScript reads something else in a source that JavaScript can read. */
async function meansMore (source: string, asJavaScript: string): Promise<boolean> {
  if (!AMBIGUOUS.test(source)) return false
  const typescript = await parse(source, 'ts', { tsconfigRaw: KEEP_IMPORTS })
  return typescript.type === 'parsed' && typescript.code !== asJavaScript
}

async function parse (source: string, loader: 'js' | 'ts', more: { tsconfigRaw?: string } = {}): Promise<{ type: 'parsed', code: string } | Invalid> {
  const supported = loader === 'js' ? {} : TRANSFORM_OPTIONS.supported // as JavaScript nothing is rewritten: V8 has the last word
  try {
    const { code } = await transform(source, { ...TRANSFORM_OPTIONS, ...more, supported, loader, sourcefile: `job.${loader}`, minifyWhitespace: true })
    return { type: 'parsed', code }
  } catch (error) {
    return toInvalid(error, `job.${loader}`)
  }
}

async function compileTypeScript (source: string): Promise<{ type: 'compiled', code: string, map: string } | Invalid> {
  const options = { ...TRANSFORM_OPTIONS, loader: 'ts', sourcefile: 'job.ts', sourcemap: 'external' } as const
  try {
    const { code, map } = await transform(source, options)
    const disarmed = source.replace(MAP_COMMENT, '$1:') // a map in a comment of the source would move positions out of it
    return { type: 'compiled', code, map: disarmed === source ? map : (await transform(disarmed, options)).map }
  } catch (error) {
    return toInvalid(error, 'job.ts')
  }
}

function isFurther (a: Invalid, b: Invalid): boolean {
  return a.line > b.line || (a.line === b.line && a.column > b.column)
}

function toInvalid (error: unknown, file: SourceFile): Invalid {
  const [first] = (error as Partial<TransformFailure>).errors ?? [] // what esbuild throws for a source; anything else has none
  if (!first) throw error
  const { line, column } = positionOf(first)
  const text = first.location?.lineText ?? ''
  return {
    type: 'invalid',
    file,
    message: first.text.slice(0, MESSAGE_CHARS),
    line,
    column,
    excerpt: text.length > 0 && text.length <= EXCERPT_CHARS ? text : null,
  }
}

/** esbuild counts columns from 0 and in bytes of UTF-8. */
function positionOf ({ location }: Message): { line: number, column: number } {
  if (!location) return { line: 1, column: 1 }
  const before = Buffer.from(location.lineText).subarray(0, location.column)
  return { line: location.line, column: before.toString().length + 1 }
}
