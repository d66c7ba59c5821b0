import type { Db } from '../db.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { walkMembers, type Walk } from './walk.ts'

/** How the members of keys of files are walked over, by the first part of the key's name. */
const WALKS = {
  'files': 'zscan', 'files-expiring': 'zscan', 'file-names': 'hscan', 'file-uploads': 'hscan', 'job-files': 'hscan', 'file-holds': 'sscan', 'blob': 'sscan',
} as const satisfies Record<string, Walk>
/** How long an upload that nothing says the end of is left. */
const REST_MS = 86_400_000

const SCRIPT = loadMove(new URL('files.lua', import.meta.url))

/** Brings one key of files, by its name without the prefix, in line with the records that it names. Names of other keys are left alone. */
export async function * reconcileFiles (db: Db, name: string, sum: (repairs: Promise<number>[]) => Promise<number>): AsyncGenerator<number> {
  const [kind = '', id = ''] = name.split(':')
  const repair = async (member: string) => Number(await runMove(db, SCRIPT, NO_JOB, [kind, name, member, REST_MS]))
  if (kind === 'file') yield await sum([repair(id)])
  if (!isWalked(kind)) return
  for await (const members of walkMembers(db, `${db.keys.prefix}:${name}`, WALKS[kind])) yield await sum(members.map(repair))
}

function isWalked (kind: string): kind is keyof typeof WALKS {
  return Object.hasOwn(WALKS, kind)
}
