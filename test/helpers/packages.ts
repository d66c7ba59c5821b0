import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const WRITTEN_AT = new Date('2026-01-01T00:00:00Z')

/** A package as it is installed: its files, package.json made of the manifest. */
export interface WrittenPackage {
  manifest?: Record<string, unknown>
  files: Record<string, string>
}

/** Writes a folder as `npm install` leaves it: packages of any name, of which it depends on those that are listed. It is removed after the test. Written again, it is the same set of modules: files have one time. */
export function writePackages (t: { after (end: () => void): void }, packages: Record<string, WrittenPackage>, dependencies = Object.keys(packages)): string {
  const folder = mkdtempSync(join(tmpdir(), 'batchbox-packages-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  write(join(folder, 'package.json'), JSON.stringify({ name: 'own', dependencies: Object.fromEntries(dependencies.map((name) => [name, '*'])) }))
  for (const [name, { manifest = {}, files }] of Object.entries(packages)) {
    write(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, version: '1.0.0', license: 'MIT', ...manifest }))
    for (const [path, text] of Object.entries(files)) write(join(folder, 'node_modules', name, path), text)
  }
  return folder
}

function write (path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  utimesSync(path, WRITTEN_AT, WRITTEN_AT)
}
