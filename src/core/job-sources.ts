/** What the code of a job is: an ES module, or the body of a function that is given `input` (unless it is a module after all). */
export const CODE_FORMS = ['module', 'body'] as const
export type CodeForm = typeof CODE_FORMS[number]

/** The code of a job, and the files that it brings along, by their names. */
export interface JobSources {
  code: string
  files: Readonly<Record<string, string>>
}

/** Characters of all sources of a job together. */
export function countChars ({ code, files }: JobSources): number {
  return Object.values(files).reduce((sum, text) => sum + text.length, code.length)
}

/** Writes sources as one text, as they are stored: code alone as it is. `hasFiles` has to be kept beside it, to read it. */
export function writeSources ({ code, files }: JobSources): { text: string, hasFiles?: true } {
  return Object.keys(files).length > 0 ? { text: JSON.stringify({ code, files }), hasFiles: true } : { text: code }
}

/** Reads what `writeSources` wrote. */
export function readSources (text: string, hasFiles: boolean): JobSources {
  return hasFiles ? JSON.parse(text) as JobSources : { code: text, files: {} } // our own words
}
