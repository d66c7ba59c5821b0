import { init, parse } from 'es-module-lexer'
import type { CodeForm } from '../../core/job-sources.ts'

const KEYWORD = 'import'
/** As long as the keyword, so that no position changes. */
const NAME = /\$i[0-9a-z]{4}/g
const RADIX = 36
const ESCAPE = /\\u(?:([0-9a-f]{4})|\{0*([0-9a-f]{1,6})\})/gi
const MAX_CODE_POINT = 0x10_ff_ff

/** Resolves once code can be read. */
export const ready: Promise<void> = init()

/**
 * Puts a name in the place of each `import` that is called in a module: V8 would refuse those. The name, which the module does not have otherwise, is
 * imported behind its last line, under itself as the specifier; no position changes. In the body of a function it is left free, for a parameter.
 * Without such imports the code stays as it is.
 */
export function bindImports (code: string, form: CodeForm = 'module'): { code: string, importName: string | null } {
  const places = code.includes(KEYWORD) ? findDynamic(code) : []
  if (places.length === 0) return { code, importName: null }
  const name = findFreeName(code)
  const parts = places.map((at, i) => code.slice(i === 0 ? 0 : places[i - 1]! + KEYWORD.length, at)) // there is one before each but the first
  const rest = code.slice(places.at(-1)! + KEYWORD.length) // there is at least one
  const bound = [...parts, rest].join(name)
  return { code: form === 'body' ? bound : `${bound}\nimport{${KEYWORD} as ${name}}from"${name}"`, importName: name }
}

/** Where the keyword of each dynamic import begins. Code that cannot be read has none: V8 has the last word. */
function findDynamic (code: string): number[] {
  try {
    return parse(code)[0].filter((found) => found.type === 'dynamic' && found.phase === null).map(({ importStart }) => importStart).sort((a, b) => a - b)
  } catch {
    return []
  }
}

/** An identifier can be written with escapes, too. */
function findFreeName (code: string): string {
  const plain = code.replace(ESCAPE, (escape, short?: string, long?: string) => {
    const point = Number.parseInt(short ?? long ?? '', 16)
    return point <= MAX_CODE_POINT ? String.fromCodePoint(point) : escape
  })
  const taken = new Set([...code.matchAll(NAME), ...plain.matchAll(NAME)].map(([name]) => name))
  for (let n = 0; ; n++) {
    const name = `$i${n.toString(RADIX).padStart(4, '0')}`
    if (!taken.has(name)) return name
  }
}
