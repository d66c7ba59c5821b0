import { Script } from 'node:vm'
import { parse } from 'es-module-lexer'
import type { CodeForm } from '../../core/job-sources.ts'
import type { CodeName } from '../../core/source-names.ts'
import { AMBIGUOUS, compile, excerptOf, type Invalid, isFurther, meansMore, MESSAGE_CHARS, parseAs, transformCode, type Transformed } from './transform.ts'

/** What makes a function of a text that is the body of one alone: V8 reads it by itself, and refuses what ends the function early. */
const AsyncFunction = (async () => {}).constructor as new (parameter: string, body: string) => unknown // what the language has, and its types have not
const MODULE_WORD = /\b(?:import|export)\b/
const MODULE_LINE = /^[ \t]*(?:import[ \t]+[\w*{"']|export[ \t]+(?:default|const|let|var|async|function|class|[*{]))/m
/** The line before and the one behind, in the words that esbuild prints them in. */
const HEAD = 'async function $body(input) {'
const TAIL = '}'
/** A map begins with the start of that line, which is line 0 of the source: the user's begins one later. Source: https://tc39.es/ecma426/#sec-mappings-grammar. */
const MAP_START = /("mappings": ";*)AAAA/
/** What V8 writes above the line that it draws below, unless a comment of the source has it write something else. */
const PLACE = /^job\.js:(\d{1,7})$/
const LINE_BREAK = /\r\n|[\n\r\u2028\u2029]/
/** What esbuild would not have at the top of a module, and is as it should be in a function. */
const OF_FUNCTIONS = /^(?:Top-level return|With statements|Legacy octal|Delete of a bare)/

export interface TransformedBody {
  form: CodeForm
  transformed: Transformed<CodeName> | Invalid
}

/**
 * Tells what code is that may be the body of an asynchronous function: what V8 reads as one is left as it stands. The rest is read as a module, where it has import or export declarations, or
 * as a body in TypeScript. When nothing can read it, answers the error of the reading that got further. Throws only when esbuild itself is broken.
 */
export async function transformBody (source: string): Promise<TransformedBody> {
  const fault = findFault(source)
  if (fault === undefined) {
    const typed = await isAlsoTypes(source) ? await compileBody(source) : undefined
    return { form: 'body', transformed: typed?.type === 'compiled' ? typed : { type: 'verbatim', file: 'job.js' } }
  }
  if (fault instanceof RangeError) return { form: 'body', transformed: toInvalid('The code is nested too deeply', { line: 1, column: 1 }, []) } // no stack was left: esbuild would take long
  if (isModule(source)) return { form: 'module', transformed: await transformCode(source) }
  const typescript = await compileBody(source)
  return { form: 'body', transformed: typescript.type === 'invalid' && !(await meansTypes(typescript, source)) ? await describe(fault, source) : typescript }
}

function findFault (body: string): Error | undefined {
  try {
    void new AsyncFunction('input', body)
    return undefined
  } catch (error) {
    return error as Error // V8's own
  }
}

/** A call with type arguments is a comparison in JavaScript. */
async function isAlsoTypes (source: string): Promise<boolean> {
  if (!AMBIGUOUS.test(source)) return false
  const javascript = await parseAs(wrap(source), 'js', 'job.js')
  return javascript.type === 'parsed' && meansMore(wrap(source), javascript.code)
}

/** Tells whether there are import or export declarations, which no body has. What the lexer cannot read is a module where a line looks like one. */
function isModule (source: string): boolean {
  if (!MODULE_WORD.test(source)) return false
  try {
    const [, , , hasModuleSyntax] = parse(source)
    return hasModuleSyntax
  } catch {
    return MODULE_LINE.test(source)
  }
}

/** Whether an error is of a reading that got further than one as JavaScript, by the same reader: another one finds other places. */
async function meansTypes (typescript: Invalid, source: string): Promise<boolean> {
  const javascript = await parseAs(wrap(source), 'js', 'job.js')
  return javascript.type === 'invalid' && isFurther(typescript, toBody(javascript, source))
}

/** V8 only tells where a fault is of a script, and there of the lines around the body, too. */
async function describe ({ message }: Error, source: string): Promise<Invalid> {
  const lines = source.split(LINE_BREAK)
  const place = locate(source)
  if (place && place.line <= lines.length) return toInvalid(message, place, lines)
  const read = await parseAs(source, 'js', 'job.js')
  if (read.type === 'invalid' && !OF_FUNCTIONS.test(read.message)) return read
  return toInvalid(message, { line: lines.length, column: lines.at(-1)!.length + 1 }, lines) // a text has one line at least
}

function toInvalid (message: string, place: { line: number, column: number }, lines: readonly string[]): Invalid {
  return { type: 'invalid', file: 'job.js', message: message.slice(0, MESSAGE_CHARS), ...place, excerpt: excerptOf(lines[place.line - 1] ?? '') }
}

/** Where V8 finds a fault, as it draws it below the line; undefined where it draws nothing. */
function locate (source: string): { line: number, column: number } | undefined {
  try {
    void new Script(`(async function (input) {\n${source}\n})`, { filename: 'job.js', lineOffset: -1 })
    return undefined
  } catch (error) {
    const [head = '', , marks = ''] = String((error as Error).stack).split('\n') // V8's own
    const [line, column] = [Number(PLACE.exec(head)?.[1] ?? 0), marks.indexOf('^') + 1]
    return line > 0 && column > 0 ? { line, column } : undefined
  }
}

/** The line that stands before the body is left empty, so that none of the map's moves. */
async function compileBody (source: string): Promise<Transformed<CodeName> | Invalid> {
  const made = await compile(wrap(source), 'ts', 'job.ts')
  if (made.type === 'invalid') return toBody(made, source)
  const lines = made.code.trimEnd().split('\n')
  lines[lines.indexOf(HEAD)] = ''
  const code = lines.slice(0, -1).join('\n')
  const fault = lines.at(-1) === TAIL ? findFault(code) : new SyntaxError('The braces of the code are not balanced')
  return fault ? { type: 'invalid', file: 'job.ts', message: fault.message.slice(0, MESSAGE_CHARS), line: 1, column: 1, excerpt: null } : { ...made, code, map: made.map.replace(MAP_START, '$1AADA') }
}

function wrap (source: string): string {
  return `${HEAD}\n${source}\n${TAIL}`
}

/** Puts an error of a body with lines around it into the body. */
function toBody (invalid: Invalid, source: string): Invalid {
  const lines = source.split(LINE_BREAK)
  const line = invalid.line - 1
  return line <= lines.length ? { ...invalid, line: Math.max(1, line) } : { ...invalid, line: lines.length, column: lines.at(-1)!.length + 1, excerpt: excerptOf(lines.at(-1)!) } // a text has one line at least
}
