import { packNow, unpackNow } from '../codec.ts'
import type { Db } from '../db.ts'
import { readText } from '../moves/reply.ts'
import { loadScript, runScript } from '../script.ts'
import { openPacked, placeOf, sealPacked } from '../sealing.ts'
import { readTime } from '../time.ts'

const [POST, LOOK, WITHDRAW] = ['post', 'look', 'withdraw'].map((name) => loadScript(new URL(`${name}.lua`, import.meta.url))) as [ReturnType<typeof loadScript>, ReturnType<typeof loadScript>, ReturnType<typeof loadScript>] // as many as there are names

/** Calls of a process that is not heard of for so long are not begun any more: nobody waits for them. */
const ALIVE_MS = 5000

/** How a call is: it waits, a worker has it, its worker is gone, or nobody knows of it. */
export type CallState = 'waiting' | 'running' | 'lost' | 'unknown'

export interface NewCall {
  id: string
  tenant: string
  /** SHA-256 of its code, lowercase hex. */
  codeHash: string
  /** The API process that waits. */
  caller: string
  text: string
  /** How long it may wait before it is forgotten. */
  lifeMs: number
}

/**
 * Posts a call, for the next worker that has room to take. Nothing of it is kept: it goes when it is taken, or when its time has passed. None is run
 * whose caller has not been heard of for five seconds. It is posted
 * once or not at all where the connection sends nothing twice (`once`).
 */
export async function postCall (db: Db, { id, tenant, codeHash, caller, text, lifeMs }: NewCall): Promise<void> {
  await runScript(db, POST, [tenant, id, codeHash, caller, sealFlow(db, text, 'flow-call', tenant, id), lifeMs, ALIVE_MS])
}

/** Tells a process that waits for calls how they are, in the order of their ids; it is to ask at least every other second. */
export async function lookAtCalls (db: Db, caller: string, ids: readonly string[]): Promise<CallState[]> {
  const reply = await runScript(db, LOOK, [caller, ALIVE_MS, ...ids])
  return ids.map((_, i) => readText(reply, i) as CallState) // the script has no others
}

/** Takes a call back: true where it had not begun and never will. One that runs is stopped. */
export async function withdrawCall (db: Db, id: string): Promise<boolean> {
  return await runScript(db, WITHDRAW, [id]) === 1
}

/** Calls are gone again in a moment, so that they are not compressed. */
export function sealFlow (db: Db, text: string, kind: 'flow-call' | 'flow-answer', tenant: string, id: string): Buffer {
  return sealPacked(db, packNow(Buffer.from(text), Infinity), placeOf(kind, tenant, id))
}

/** Reads what `sealFlow` made. Throws as `Cipher.open` does. */
export function openFlow (db: Db, value: Buffer, kind: 'flow-call' | 'flow-answer', tenant: string, id: string): string {
  return unpackNow(openPacked(db, value, placeOf(kind, tenant, id))).toString()
}

/** A word of a worker to the API process whose caller waits. */
export interface AnswerMessage {
  id: string
  /** Reads the answer, which may have to be fetched. Throws an Error for one that is gone. */
  read (tenant: string): Promise<string>
}

/** Forms of the word: the answer as it is, encrypted and in base64, or in a key of its own. */
const FORM = { plain: 'p', sealed: 's', apart: 'a' } as const
/** Longer answers are fetched: subscribers that do not keep up are cut off by Redis, at 8 MB by default. */
const MESSAGE_MAX_CHARS = 65_536

/** Writes that word; what is too long for it is to be stored apart. */
export function writeAnswer (db: Db, { id, tenant, text }: Pick<NewCall, 'id' | 'tenant' | 'text'>): { message: string, apart: Buffer | undefined } {
  if (text.length > MESSAGE_MAX_CHARS) return { message: `${id} ${FORM.apart}`, apart: sealFlow(db, text, 'flow-answer', tenant, id) }
  if (db.cipher.keyIds.length === 0) return { message: `${id} ${FORM.plain}${text}`, apart: undefined }
  return { message: `${id} ${FORM.sealed}${sealFlow(db, text, 'flow-answer', tenant, id).toString('base64')}`, apart: undefined }
}

/** Reads what `writeAnswer` wrote. */
export function readAnswer (db: Db, message: string): AnswerMessage {
  const space = message.indexOf(' ')
  const [id, form, body] = [message.slice(0, space), message[space + 1], message.slice(space + 2)]
  return {
    id,
    async read (tenant) {
      if (form === FORM.plain) return body
      if (form === FORM.sealed) return openFlow(db, Buffer.from(body, 'base64'), 'flow-answer', tenant, id)
      const stored = await db.redis.getdelBuffer(db.keys.flowAnswer(id))
      if (!stored) throw new Error('Cannot read the answer of a flow call: Redis does not have it any more')
      return openFlow(db, stored, 'flow-answer', tenant, id)
    },
  }
}

/** What goes on at the moment: workers that take calls, how many they run at one time, and how many of a tenant wait. */
export interface FlowState {
  workers: number
  lanes: number
  waiting: number
}

export async function readFlowState (db: Db, tenant?: string): Promise<FlowState> {
  const { redis, keys } = db
  const now = await readTime(db)
  const [alive, waiting] = await Promise.all([redis.zrangebyscore(keys.flowWorkers, now, '+inf'), tenant === undefined ? 0 : redis.llen(keys.flowWaiting(tenant))])
  return { workers: alive.length, lanes: alive.reduce((sum, member) => sum + Number.parseInt(member, 10), 0), waiting }
}
