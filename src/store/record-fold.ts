import type { Place } from './cipher.ts'
import { packSealed, placeOf, revealJson, unpackSealed, type Sealing } from './sealing.ts'

/** Fields of a job's hash. */
export type Fields = Readonly<Record<string, Buffer | undefined>>

/** Fields that moves read of a job that ended, or that are packed already. */
const KEPT: ReadonlySet<string> = new Set(['v', 'tenant', 'status', 'code', 'input', 'result', 'bytes', 'batchId', 'diedOf', 'replayedAs', 'shards', 'file'])
/** The field that holds all others. */
export const FOLD = 'fold'
/** A hash costs some 70 bytes a field, and what folds is JSON of known words, so that even short folds are worth compressing. */
const COMPRESS_FROM_BYTES = 256
/** Ends a line; none of the folded values has one, since they are digits, identifiers and JSON. */
const NEWLINE = '\n'

/** Names what a field of a job's hash belongs to that is JSON. */
export function placeOfField (tenant: string, id: string, name: string): Place {
  if (name === 'live') return placeOf('event', tenant, id, 'job.usage') // as it stands in the last of them
  const [field, ...parts] = name.split(':')
  return placeOf(field === 'error' || field === 'progress' || field === 'end' ? field : 'spec', tenant, id, ...parts)
}

/** Folds the record of a job that ended: the fields that stay, and all others in one, encrypted as a whole. Answers names and values, one after the other. */
export async function foldRecord (sealing: Sealing, id: string, fields: Fields): Promise<(string | Buffer)[]> {
  const kept: (string | Buffer)[] = []
  const tenant = String(fields['tenant'])
  let lines = ''
  for (const [name, value] of Object.entries(fields)) {
    if (value && KEPT.has(name)) kept.push(name, value)
    else lines += `${name} ${revealJson(sealing, String(value), placeOfField(tenant, id, name))}${NEWLINE}`
  }
  return [...kept, FOLD, await packSealed(sealing, lines, placeOf('record', tenant, id), COMPRESS_FROM_BYTES)]
}

/** Answers what a record is folded to with what becomes of each of its values. */
export function mapFold (lines: string, change: (value: string, name: string) => string): string {
  return lines.split(NEWLINE).map((line) => line.replace(/^(\S+) (.*)$/, (_, name: string, value: string) => `${name} ${change(value, name)}`)).join(NEWLINE)
}

/** Reads a record that may be folded; the tenant is among the fields. Throws as `unpackSealed` does. */
export async function unfoldRecord (sealing: Sealing, id: string, fields: Fields): Promise<Fields> {
  const fold = fields[FOLD]
  if (!fold) return fields
  const unfolded: Record<string, Buffer | undefined> = {}
  const lines = await unpackSealed(sealing, fold, placeOf('record', String(fields['tenant']), id))
  for (const line of lines.toString().split(NEWLINE)) {
    const end = line.indexOf(' ')
    if (end > 0) unfolded[line.slice(0, end)] = Buffer.from(line.slice(end + 1))
  }
  return { ...unfolded, ...fields }
}
