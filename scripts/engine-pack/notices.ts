import { globSync, readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'

interface Manifest {
  name: string
  version: string
  license?: string
  dependencies?: Record<string, string>
}

/** Answers the licences of packages whose code goes into another one, and of those that they are made with. `from` is the file that imports them. */
export function writeNotices (names: readonly string[], from: string): string {
  const found = new Map<string, string>()
  for (const name of names) add(name, from, found)
  return [...found.entries()].sort(([a], [b]) => a < b ? -1 : 1).map(([title, text]) => `${title}\n${'-'.repeat(title.length)}\n${text.trim()}\n`).join('\n')
}

function add (name: string, from: string, found: Map<string, string>): void {
  const file = findManifest(name, from)
  if (file === undefined) return // made for another platform
  const { version, license = '', dependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as Manifest // npm's own format
  const title = `${name} ${version} (${license})`
  if (found.has(title)) return
  const texts = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: dirname(file) }).sort().map((text) => readFileSync(join(dirname(file), text), 'utf8'))
  found.set(title, texts[0] ?? '')
  for (const needed of Object.keys(dependencies)) add(needed, file, found)
}

function findManifest (name: string, from: string): string | undefined {
  try {
    return findPackageJSON(name, from)
  } catch {
    return undefined
  }
}
