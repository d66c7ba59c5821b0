import { JobError } from '../../core/failures.ts'
import { readKeyId } from '../cipher.ts'
import { unpack } from '../codec.ts'
import type { Db } from '../db.ts'
import { readNumber } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { mayBeSealed, openJson, openPacked, packSealed, readSealedMember, sealJson, sealPacked, unpackSealed } from '../sealing.ts'
import { mapSegments } from '../segments.ts'
import { readSlots, type Slot } from './slots.ts'

/** How many values there are by the id of the key that they are encrypted with; those under '' are not. */
export type KeyCounts = Map<string, number>

/** What a pass that renews encryption has done. */
export interface Renewed {
  /** Values that the first key encrypts now. */
  renewed: number
  /** Values that were not changed, by why: their key is not there, or they are damaged; or they were written meanwhile. */
  unreadable: number
  missed: number
}

/** Names looked at in one go. */
const STEP = 200

/** Kinds of names that a job's id follows. */
const OF_JOBS: ReadonlySet<string> = new Set(['job', 'payload', 'history', 'trace', 'checkpoint'])

const SWAP = loadMove(new URL('swap.lua', import.meta.url))

/** Counts by their keys what is stored encrypted, or would be now. */
export async function countKeys (db: Db): Promise<KeyCounts> {
  const counts: KeyCounts = new Map()
  for await (const slot of walkSlots(db)) {
    for (const id of await keyIdsOf(db, slot)) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/**
 * Encrypts with the first key whatever another one encrypts, and what is not encrypted. Each value is swapped only if nobody has written it meanwhile, so the pass runs beside everything
 * else, and may be stopped and made again. Throws UNAVAILABLE where there is no key.
 */
export async function renewEncryption (db: Db): Promise<Renewed> {
  const done: Renewed = { renewed: 0, unreadable: 0, missed: 0 }
  const [first] = db.cipher.keyIds
  if (first === undefined) throw new JobError('UNAVAILABLE', 'Cannot renew the encryption: BATCHBOX_ENCRYPTION_KEYS is empty')
  for await (const slot of walkSlots(db)) {
    if ((await keyIdsOf(db, slot)).every((id) => id === first)) continue
    const value = await reseal(db, slot).catch(() => undefined)
    if (!value) done.unreadable += 1
    else if (await swap(db, slot, value)) done.renewed += 1
    else done.missed += 1
  }
  return done
}

/** Every slot of the store, some more than once. */
async function * walkSlots (db: Db): AsyncGenerator<Slot> {
  const pattern = `${db.keys.prefix.replaceAll(/[*?[\]\\]/g, '\\$&')}:*`
  let cursor = '0'
  do {
    const [next, keys] = await db.redis.scan(cursor, 'MATCH', pattern, 'COUNT', STEP)
    cursor = next
    for (const key of keys) yield * await readSlots(db, key.slice(db.keys.prefix.length + 1))
  } while (cursor !== '0')
}

/** Ids of the keys of a slot: of all its pieces, and of what is encrypted inside them, as far as they can be read. Of one that is damaged no key is known. */
async function keyIdsOf (db: Db, slot: Slot): Promise<string[]> {
  const { form } = slot
  const value = bodyOf(slot)
  switch (form) {
    case 'json': return [keyIdOfJson(value.toString())]
    case 'segments': {
      const ids: string[] = []
      await mapSegments(value, async (packed, last) => {
        ids.push(...await keyIdsOfPiece(db, slot, packed, last))
        return packed
      }).catch(() => ids.push(''))
      return ids
    }
    default: return keyIdsOfPiece(db, slot, value, 0)
  }
}

async function keyIdsOfPiece (db: Db, { mapInner, place }: Slot, packed: Buffer, last: number): Promise<string[]> {
  const ids = [readKeyId(packed) ?? '']
  const text = mapInner && String(await unpackSealed(db, packed, place(last)).catch(() => ''))
  if (text && mayBeSealed(text)) {
    mapInner(text, (json) => {
      if (readSealedMember(json)) ids.push(keyIdOfJson(json))
      return json
    })
  }
  return ids
}

function keyIdOfJson (json: string): string {
  return readKeyId(readSealedMember(json) ?? Buffer.of()) ?? ''
}

function bodyOf ({ value, headBytes = 0 }: Slot): Buffer {
  return value.subarray(headBytes)
}

async function reseal (db: Db, slot: Slot): Promise<Buffer> {
  return Buffer.concat([slot.value.subarray(0, slot.headBytes ?? 0), await resealBody(db, slot)])
}

async function resealBody (db: Db, slot: Slot): Promise<Buffer> {
  const { form, place } = slot
  const value = bodyOf(slot)
  switch (form) {
    case 'packed': return resealPiece(db, slot, value, 0)
    case 'text': return readKeyId(value) === undefined ? packSealed(db, value, place(0)) : resealPiece(db, slot, value, 0)
    case 'segments': return mapSegments(value, (packed, last) => resealPiece(db, slot, packed, last))
    case 'json': {
      const { sealed: _, ...shown } = JSON.parse(value.toString()) as Record<string, unknown> // a move wrote it
      const isSealed = readSealedMember(value.toString()) !== undefined
      const members = JSON.stringify(openJson(db, value, place(0)))
      return Buffer.from(sealJson(db, members, place(0), isSealed ? shown : 'code' in shown ? { code: shown['code'] } : {}))
    }
  }
}

async function resealPiece (db: Db, { mapInner, place }: Slot, packed: Buffer, last: number): Promise<Buffer> {
  const opened = openPacked(db, packed, place(last))
  const text = mapInner && String(await unpack(opened))
  if (!text || !mayBeSealed(text)) return sealPacked(db, opened, place(last))
  return packSealed(db, mapInner(text, (json, at) => readSealedMember(json) ? JSON.stringify(openJson(db, json, at)) : json), place(last))
}

async function swap (db: Db, { name, field, value, counted }: Slot, renewed: Buffer): Promise<boolean> {
  const [kind = '', id = ''] = name.split(':')
  return readNumber([await runMove(db, SWAP, OF_JOBS.has(kind) ? id : NO_JOB, [name, field ?? '', value, renewed, counted, id])], 0) === 1
}
