/** Names of the code of a job itself, which is the module that its files are imported by. */
export const CODE_NAMES = ['job.js', 'job.ts'] as const
export type CodeName = typeof CODE_NAMES[number]

/** What the code of a job may bring along. */
export const SOURCE_BOUNDS = { count: 100, nameChars: 100 } as const

const SEGMENT = /^(?!\.{1,2}$)[\p{L}\p{N}_@.+-]+$/u
const EXTENSION = /\.(?:ts|mts|js|mjs|json)$/

/** Says what is wrong with the name of a file that a job's code brings along; undefined where nothing is. */
export function findNameFault (name: string): string | undefined {
  if (name.length > SOURCE_BOUNDS.nameChars) return `it has ${name.length} characters, more than ${SOURCE_BOUNDS.nameChars}`
  if (!name.split('/').every((segment) => SEGMENT.test(segment))) return 'it has to be a relative path of letters, digits and _ @ . + -, without ".."'
  if (!EXTENSION.test(name)) return 'it has to end in .ts, .mts, .js, .mjs or .json'
  if (CODE_NAMES.some((own) => own === name)) return 'that is the name of the code itself'
  return undefined
}

/** What may be left out of an import, or written in place of a TypeScript extension. Source: https://www.typescriptlang.org/docs/handbook/modules/reference.html#file-extension-substitution. */
const LEFT_OUT = ['.ts', '.mts', '.js', '.mjs', '.json']
const INSTEAD = [['.js', '.ts'], ['.mjs', '.mts']] as const

/**
 * Finds the file that an import means, by its own name or without its extension; a file in TypeScript also by the name that its JavaScript would have.
 * Undefined where there is none.
 */
export function findSource (specifier: string, from: string, has: (name: string) => boolean): string | undefined {
  const path = resolvePath(specifier, from)
  if (path === undefined) return undefined
  const instead = INSTEAD.filter(([extension]) => path.endsWith(extension)).map(([extension, other]) => `${path.slice(0, -extension.length)}${other}`)
  return [path, ...instead, ...LEFT_OUT.map((extension) => `${path}${extension}`)].find(has)
}

/** Tells whether a specifier means a file, and not a module by its name. */
export function isPath (specifier: string): boolean {
  return /^\.{0,2}\//.test(specifier)
}

/** Undefined for a path that leads out of the job's files. */
function resolvePath (specifier: string, from: string): string | undefined {
  const path = specifier.startsWith('/') ? [] : from.split('/').slice(0, -1)
  for (const segment of specifier.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') path.push(segment)
    else if (path.pop() === undefined) return undefined
  }
  return path.join('/')
}
