import type { DoneMessage } from './run-conversation.ts'

type GuestFailure = NonNullable<DoneMessage['failure']>

/** What V8 rejects a dynamic import with where nobody loads modules for it; it does not say which. */
const REFUSED = 'Not supported'
const HEADER = `Error: ${REFUSED}\n`
const TOP_FRAME = /^ {4}at (?:[^\n]* \()?[^\s():]+:(\d{1,9}):(\d{1,9})\)?(?:\n|$)/
const LOOKED_AT_CHARS = 300
const OWN_ERROR = /^(?:throw\s+)?(?:new\b|\w*Error\b)/
/** V8 puts the error at an expression around the import, or at a member that is read of it; nothing ends in between. */
const AFTER = /^[^;{}]{0,200}?\bimport\s*\(\s*(?:(["'`])([^"'`\\\n$]{1,200})\1)?/
const BEFORE = /\bimport\s*\(\s*(?:(["'`])([^"'`\\\n$]{1,200})\1)?[^;{}\n]{0,100}$/

/**
 * Names the module when a failure is a dynamic import that was refused, by looking where it happened into the code that ran. Other
 * failures come back as they are, an error of the user's own with the same words, too.
 */
export function explainRefusedImport (failure: GuestFailure, code: string): GuestFailure {
  if (failure.message !== REFUSED || !failure.stack.startsWith(HEADER)) return failure
  const frames = failure.stack.slice(HEADER.length)
  const [, line, column] = TOP_FRAME.exec(frames) ?? []
  const found = line === undefined ? null : findImport(code, indexOf(code, Number(line), Number(column)))
  if (!found) return failure
  const message = found[2] === undefined ? 'Cannot import a module: none are allowed' : `Cannot import ${JSON.stringify(found[2])}: no modules are allowed`
  return { ...failure, code: 'MODULE_NOT_ALLOWED', message, stack: `Error: ${message}\n${frames}` }
}

function findImport (code: string, index: number): RegExpExecArray | null {
  const after = code.slice(index, index + LOOKED_AT_CHARS)
  if (OWN_ERROR.test(after)) return null
  return AFTER.exec(after) ?? BEFORE.exec(code.slice(Math.max(0, index - LOOKED_AT_CHARS), index))
}

/** Line and column count from 1. */
function indexOf (code: string, line: number, column: number): number {
  let start = 0
  for (let n = 1; n < line; n++) {
    const end = code.indexOf('\n', start)
    if (end < 0) return code.length
    start = end + 1
  }
  return start + column - 1
}
