import { FlowCall, readFlowText, writeFlowText, type FlowReply } from '../../core/flow.ts'
import type { Db } from '../db.ts'
import { readNumber, readText, readBytes } from '../moves/reply.ts'
import { loadScript, runScript } from '../script.ts'
import { openFlow, writeAnswer } from './calls.ts'

const WORK = loadScript(new URL('work.lua', import.meta.url))
const BEAT = loadScript(new URL('beat.lua', import.meta.url))

/** How long an answer that is stored apart waits to be fetched. */
const APART_MS = 30_000

/** A call that a worker has taken. */
export interface TakenCall {
  id: string
  tenant: string
  codeHash: string
  /** The API process that waits. */
  caller: string
  /** Its code kills runners, and is not to be run. */
  isQuarantined: boolean
  /** Throws where it was encrypted with a key that is not known here. */
  open (): { call: FlowCall, input: string }
}

/** What came of a call. */
export interface DoneCall extends Pick<TakenCall, 'id' | 'tenant' | 'codeHash' | 'caller'> {
  reply: FlowReply
  /** JSON text. */
  result: string
  /** Whether its runner died of it; undefined where it was not run. */
  hasCrashed: boolean | undefined
}

export interface FlowWorker {
  /** `<lanes> <name>`: no other worker may have the name. */
  member: string
  /** Deaths of runners of one code after which it is not run any more; 0 for any number. */
  quarantineCrashes: number
  quarantineMs: number
  /** How long a call may run at the most, with all that may come before and after. */
  runMs: number
}

export interface WorkOptions {
  /** What came of a call that the worker had. */
  done?: DoneCall | undefined
  /** A tenant that no call is taken of. */
  passOver?: string | undefined
}

/** Says what came of a call, if anything did, and takes as many calls as wanted, or those that wait. */
export async function work (db: Db, { member, quarantineCrashes, quarantineMs, runMs }: FlowWorker, wanted: number, { done, passOver = '' }: WorkOptions = {}): Promise<TakenCall[]> {
  const said = done && writeAnswer(db, { id: done.id, tenant: done.tenant, text: writeFlowText(done.reply, done.result) })
  const ended = done && said ? [done.id, done.caller, said.message, said.apart ?? '', APART_MS, `${done.tenant}:${done.codeHash}`, done.hasCrashed === undefined ? '' : Number(done.hasCrashed)] : ['']
  const reply = await runScript(db, WORK, [member, wanted, runMs, quarantineCrashes, quarantineMs, passOver, ...ended])
  if (!Array.isArray(reply)) throw new TypeError('Cannot take flow calls: the script answered no list')
  return reply.map((entry) => {
    const one = Array.isArray(entry) ? entry : undefined
    const [tenant, id] = [readText(one, 0), readText(one, 1)]
    return {
      tenant,
      id,
      codeHash: readText(one, 2),
      caller: readText(one, 3),
      isQuarantined: readNumber(one, 5) === 1,
      open () {
        const { head, json } = readFlowText(FlowCall, openFlow(db, readBytes(one, 4), 'flow-call', tenant, id))
        return { call: head, input: json }
      },
    }
  })
}

/** Has a worker count as one that takes calls for so many milliseconds; 0 when it leaves. */
export async function beat (db: Db, { member }: Pick<FlowWorker, 'member'>, aliveMs: number): Promise<void> {
  await runScript(db, BEAT, [member, aliveMs])
}
