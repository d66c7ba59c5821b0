import { pack, unpack } from './codec.ts'

/** Fields of a job's hash. */
export type Fields = Readonly<Record<string, Buffer | undefined>>

/** Fields that moves read of a job that ended, or that are packed already. */
const KEPT: ReadonlySet<string> = new Set(['v', 'tenant', 'status', 'code', 'input', 'result', 'bytes', 'batchId', 'diedOf', 'replayedAs'])
/** The field that holds all others. */
export const FOLD = 'fold'
/** A hash costs some 70 bytes a field, and what folds is JSON of known words, so that even short folds are worth compressing. */
const COMPRESS_FROM_BYTES = 256
/** Ends a line; none of the folded values has one, since they are digits, identifiers and JSON. */
const NEWLINE = '\n'

/** Folds the record of a job that ended: the fields that stay, and all others in one. Answers names and values, one after the other. */
export async function foldRecord (fields: Fields): Promise<(string | Buffer)[]> {
  const kept: (string | Buffer)[] = []
  let lines = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value && KEPT.has(name)) kept.push(name, value)
    else lines += `${name} ${value?.toString()}${NEWLINE}`
  }
  return [...kept, FOLD, await pack(lines, COMPRESS_FROM_BYTES)]
}

/** Reads a record that may be folded. */
export async function unfoldRecord (fields: Fields): Promise<Fields> {
  const fold = fields[FOLD]
  if (!fold) return fields
  const unfolded: Record<string, Buffer | undefined> = {}
  for (const line of (await unpack(fold)).toString().split(NEWLINE)) {
    const end = line.indexOf(' ')
    if (end > 0) unfolded[line.slice(0, end)] = Buffer.from(line.slice(end + 1))
  }
  return { ...unfolded, ...fields }
}
