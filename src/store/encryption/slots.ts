import type { Place } from '../cipher.ts'
import { readReference } from '../codec.ts'
import type { Db } from '../db.ts'
import { mapHistory } from '../events.ts'
import { FILE_KEY_PLACE } from '../files/file-key.ts'
import { readOwner } from '../owner.ts'
import { FOLD, mapFold, placeOfField } from '../record-fold.ts'
import { placeOf, readSealedMember } from '../sealing.ts'

/** A place in Redis whose value is encrypted, or would be if it were written now. */
export interface Slot {
  /** Name of the key, without the store's prefix. */
  name: string
  /** Of a hash. */
  field: string | null
  value: Buffer
  /** Bytes at its start that are not encrypted. */
  headBytes?: number
  /** A packed value; JSON of which a member is encrypted; segments, each on its own; or the text of an entry of kv, which is not packed where it is not encrypted. */
  form: 'packed' | 'json' | 'segments' | 'text'
  /** What it belongs to; of a segment, with the number of its last event. */
  place (lastSequence: number): Place
  /** Of what may hold JSON whose key was not there when it was archived: answers the text with what becomes of each such JSON. */
  mapInner? (text: string, change: (json: string, place: Place) => string): string
  /** Where its bytes are counted, beside the job, if anywhere. */
  counted: 'job' | 'code' | 'kv' | ''
}

/** Fields of a job whose bytes are counted. */
const COUNTED: ReadonlySet<string> = new Set(['spec', 'input', 'result', 'history'])
/** Others than `spec` are written anew when the job ends, and some of them have nothing to encrypt. */
const LIVE_FIELD = /^(?:error|progress|live|end:\d+)$/

/** Reads the slots under a name. What is in the live streams of events is none: it is written anew when the job ends. */
export async function readSlots (db: Db, name: string): Promise<Slot[]> {
  const [kind, id = '', third = ''] = name.split(':')
  const hash = async (make: (field: string, value: Buffer) => Omit<Slot, 'name' | 'field' | 'value'> | undefined) => {
    const fields = await db.redis.hgetallBuffer(`${db.keys.prefix}:${name}`)
    return Object.entries(fields).flatMap(([field, value]) => {
      const slot = make(field, value)
      return slot ? [{ ...slot, name, field, value }] : []
    })
  }
  const whole = async (slot: Omit<Slot, 'name' | 'field' | 'value'>) => {
    const value = await db.redis.getBuffer(`${db.keys.prefix}:${name}`)
    return value ? [{ ...slot, name, field: null, value }] : []
  }
  switch (kind) {
    case 'job': {
      const tenant = await readOwner(db, id)
      return hash((field, value) => jobSlot(tenant, id, field, value))
    }
    case 'payload': {
      const place = placeOf(third === 'input' ? 'input' : 'result', await readOwner(db, id), id)
      return whole({ form: 'packed', place: () => place, counted: 'job' })
    }
    case 'history':
    case 'trace': {
      const tenant = await readOwner(db, id)
      return whole(kind === 'trace' ? { form: 'segments', place: () => placeOf(kind, tenant, id), counted: '' } : historySlot(tenant, id))
    }
    case 'checkpoint': {
      const place = placeOf(kind, await readOwner(db, id), id)
      return hash((field) => field === 'state' ? { form: 'packed', place: () => place, counted: 'job' } : undefined)
    }
    case 'exceptions': {
      const tenant = await readTenant(db, `batch:${id}`)
      return hash((field, value) => value.toString('latin1', 0, 1) === '{' ? { form: 'json', place: () => placeOf('exception', tenant, id, field), counted: '' } : undefined)
    }
    case 'sweep': {
      if (third !== '') return [] // jobs that it made
      const tenant = await readTenant(db, name)
      return hash((field, value) => {
        if (field === 'choice') return { form: 'json', place: () => placeOf(kind, tenant, id), counted: '' }
        return field === 'refusal' && readSealedMember(String(value)) ? { form: 'json', place: () => placeOf(kind, tenant, id, field), counted: '' } : undefined
      })
    }
    case 'code': return hash((field) => field === 'bytes' ? { form: 'packed', place: () => placeOf(kind, id, third), counted: 'code' } : undefined)
    case 'function': return hash(() => ({ form: 'packed', place: () => placeOf(kind, id, third), counted: '' }))
    case 'kv': return hash((field) => field === '' ? undefined : { form: 'text', place: () => placeOf(kind, id, field), counted: 'kv' })
    case 'webhook': {
      const tenant = await readTenant(db, name)
      return hash((field) => field === 'address' ? { form: 'packed', place: () => placeOf(kind, tenant, id), counted: '' } : undefined)
    }
    case 'webhook-secrets': return hash((_, value) => ({ form: 'packed', headBytes: headOf(value), place: () => placeOf('webhook-secret', id, third || 'own'), counted: '' }))
    case 'delivery': {
      const tenant = await readTenant(db, name)
      return hash((field) => {
        if (field === 'body') return { form: 'packed', place: () => placeOf(kind, tenant, id), counted: '' }
        return field.startsWith('try:') ? { form: 'json', place: () => placeOf(kind, tenant, id, field.slice('try:'.length)), counted: '' } : undefined
      })
    }
    case 'batch': {
      const tenant = await readTenant(db, name)
      return hash((field) => field === 'webhook' ? { form: 'json', place: () => placeOf('webhook', tenant, id), counted: '' } : undefined)
    }
    case 'file-key': return whole({ form: 'packed', place: () => FILE_KEY_PLACE, counted: '' })
    case 'sealed': return hash((field) => ({ form: 'packed', place: () => placeOf('secret', id, field), counted: '' }))
    default: return []
  }
}

/** Two numbers stand before a secret, each with a space after it: see `webhooks/secrets.ts`. */
function headOf (value: Buffer): number {
  return value.indexOf(' ', value.indexOf(' ') + 1) + 1
}

async function readTenant ({ redis, keys }: Db, name: string): Promise<string> {
  return await redis.hget(`${keys.prefix}:${name}`, 'tenant') ?? ''
}

function jobSlot (tenant: string, id: string, field: string, value: Buffer): Omit<Slot, 'name' | 'field' | 'value'> | undefined {
  const counted = COUNTED.has(field) ? 'job' : ''
  if (field === 'spec' || (LIVE_FIELD.test(field) && readSealedMember(value.toString()))) return { form: 'json', place: () => placeOfField(tenant, id, field), counted }
  if (field === 'history') return historySlot(tenant, id)
  if (field === FOLD) return { form: 'packed', place: () => placeOf('record', tenant, id), mapInner: (text, change) => mapFold(text, (json, name) => change(json, placeOfField(tenant, id, name))), counted }
  if ((field !== 'input' && field !== 'result') || readReference(value) !== undefined) return undefined
  return { form: 'packed', place: () => placeOf(field, tenant, id), counted }
}

function historySlot (tenant: string, id: string): Omit<Slot, 'name' | 'field' | 'value'> {
  return {
    form: 'segments',
    place: (last) => placeOf('history', tenant, id, last),
    mapInner: (text, change) => mapHistory(text, (json, type) => change(json, placeOf('event', tenant, id, type))),
    counted: 'job',
  }
}
