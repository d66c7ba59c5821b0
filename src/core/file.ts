import { z } from 'zod'
import { isId } from './ids.ts'

/** Characters of a name, and what none may have: control characters, those that change how others are drawn, halves of a pair, and what nobody has assigned. */
const NAME_MAX_CHARS = 256
const REFUSED = /\p{C}/u

/**
 * Name of a file, for people: an opaque text that is never part of a path. Written in Unicode's form NFC, so that the same letters are the same
 * name. Source: UAX #15.
 */
export const FileName = z.string().min(1).max(NAME_MAX_CHARS)
  .refine((name) => !REFUSED.test(name), 'Names of files have no control or invisible characters')
  .refine((name) => name !== '.' && name !== '..', 'A name of dots alone is no name that a URL can have')
  .refine((name) => !name.startsWith('fil_'), 'What begins with fil_ is the id of a file')
  .overwrite((name) => name.normalize('NFC'))

/** An input that is the content of a file: by its name among those of the tenant, or by its id. */
export const FileInput = z.strictObject({ $file: z.string().min(1).max(NAME_MAX_CHARS) })
export type FileInput = z.infer<typeof FileInput>

/** What is stored of an input that is the content of a file: its id, and which part of it is meant where the job is a shard. */
const StoredFileInput = z.looseObject({ $file: z.string().refine((text) => isId('file', text)) })

/** Reads the input of a job, JSON text, as that of a file; undefined where it is a value of its own. */
export function parseFileInput (json: string): z.infer<typeof StoredFileInput> | undefined {
  if (!json.startsWith('{"$file":"')) return undefined // as it is stored; others may be long
  return StoredFileInput.safeParse(JSON.parse(json)).data
}

/** A part of a file's content: so many bytes from the beginning of one blob. A file is its extents, one after another. */
export interface Extent {
  blob: string
  bytes: number
}

/** What a run has written of one file of its job, as it is committed: nobody sees more of it, or sees it otherwise. */
export interface RunOutput {
  /** The same over all runs of the job. */
  id: string
  name: string
  /** `Content-Type` and `Content-Encoding`, where they are known. */
  type: string | null
  encoding: string | null
  extents: readonly Extent[]
  /** Nothing more comes. */
  isComplete: boolean
}
