import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { JobError } from '../core/failures.ts'
import { isTerminal, JobStatus } from '../core/status.ts'
import { WEBHOOK_EVENTS } from '../core/webhook.ts'
import { SEALED_FORMAT } from './cipher.ts'
import { NEWEST_FORMAT } from './codec.ts'
import type { Db } from './db.ts'
import { FILES_VERSION, RECORD_VERSION, SEALED_VERSION } from './job-record.ts'

/** A Lua script, read at import from the file beside its caller. */
export interface Script {
  body: string
  sha: string
}

type Argument = string | number | Buffer
/** What a script answers: bytes for texts, numbers, null for nil. */
export type Reply = Buffer | number | null | Reply[]

/** Methods that ioredis makes for every command and does not declare for these two: answers as bytes, since payloads are not text. */
interface ScriptClient {
  evalshaBuffer (sha: string, keys: number, ...keysAndArgs: Argument[]): Promise<Reply>
  evalBuffer (body: string, keys: number, ...keysAndArgs: Argument[]): Promise<Reply>
}

const RETRY_DELAY_MS = 100
/** Stands for the id where a script is about no job in particular. */
export const NO_JOB = ''
/** Replies of a Redis that takes no writes for now: starting, changing its role, full, unable to persist, short of replicas. */
const PASSING_REPLY = /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|MISCONF|NOREPLICAS) /

/** The states of a job, and those that end it, as the status machine has them; and the events that webhooks are told. */
const states = `local STATES = { ${JobStatus.options.map((status) => `'${status}'`).join(', ')} }
local TERMINAL = { ${JobStatus.options.filter(isTerminal).map((status) => `${status} = true`).join(', ')} }`
const version = `local VERSION, FILES_VERSION, SEALED_VERSION, NEWEST_FORMAT, OLDEST_SEALED = ${RECORD_VERSION}, ${FILES_VERSION}, ${SEALED_VERSION}, ${NEWEST_FORMAT}, ${SEALED_FORMAT.whole}`
const hooked = `local HOOKED = { ${WEBHOOK_EVENTS.map((type) => `['${type}'] = true`).join(', ')} }`
const shared = [states, version, hooked, ...['scope', 'usage', 'turns', 'webhooks', 'batch', 'files', 'job', 'shards', 'acts'].map((name) => readFileSync(new URL(`moves/${name}.lua`, import.meta.url), 'utf8'))].join('\n')

/**
 * Loads a script that moves a job: what all moves share comes first, then what it shares with others, and the first two arguments are the prefix and the job's id. A script is called by
 * the hash of its text, so processes of different versions each run their own beside one another: that is its version, and what scripts of two versions share is
 * the records, which carry theirs. Its own text is a function: one has room for 200 locals, and what is shared takes most of them.
 */
export function loadMove (file: URL, ...others: URL[]): Script {
  const read = (each: URL) => readFileSync(each, 'utf8')
  const body = [shared, ...others.map(read), 'return (function ()', read(file), 'end)()'].join('\n')
  return { body, sha: createHash('sha1').update(body).digest('hex') }
}

/** Loads a script that is no move: it shares nothing with others, and its first argument is the prefix. */
export function loadScript (file: URL): Script {
  const body = readFileSync(file, 'utf8')
  return { body, sha: createHash('sha1').update(body).digest('hex') }
}

/** Runs a script that is no move, once. */
export function runScript (db: Db, script: Script, args: readonly Argument[]): Promise<Reply> {
  return evaluate(db, script, db.keys.prefix, [db.keys.prefix, ...args])
}

/**
 * Runs a move of one job. Where the connection holds commands while Redis is away, a move whose answer was lost is sent again, so
 * every move must be safe to repeat. Throws TENANT_ERASING where a move would make something for a tenant that is being erased,
 * and UNAVAILABLE where it was asked to change a record of a newer version.
 */
export async function runMove (db: Db, script: Script, jobId: string, args: readonly Argument[]): Promise<Reply> {
  try {
    return await persist(db, () => evaluate(db, script, db.keys.job(jobId), [db.keys.prefix, jobId, ...args]))
  } catch (error) {
    throw readRefusal(error) ?? error
  }
}

/** Asks Redis for something that is safe to repeat; where the connection holds commands while Redis is away, again and again until it answers. */
export async function persist<T> (db: Pick<Db, 'failFast' | 'isClosed'>, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (db.failFast || db.isClosed() || !isPassing(error)) throw error
      await delay(RETRY_DELAY_MS)
    }
  }
}

async function evaluate ({ redis }: Db, { body, sha }: Script, key: string, args: readonly Argument[]): Promise<Reply> {
  const client = redis as unknown as ScriptClient
  try {
    return await client.evalshaBuffer(sha, 1, key, ...args)
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
    return await client.evalBuffer(body, 1, key, ...args)
  }
}

/** What `moves/scope.lua` refuses with. */
function readRefusal (error: unknown): JobError | undefined {
  const [word] = error instanceof Error ? error.message.split(' ', 1) : []
  if (word === 'ERASING') return new JobError('TENANT_ERASING', 'Cannot change anything of the tenant: an operator is having it erased (GET /v1/tenants/{tenant}/erasure)')
  if (word === 'NEWER') return new JobError('UNAVAILABLE', 'Cannot change the record: a newer version of the service wrote it; ask again, another process may know it')
  return undefined
}

/** Tells whether it is Redis's state that keeps a script from being run or answered, so that it may be another time. */
export function isPassing (error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) return false // a mistake is one the next time too
  return error.name !== 'ReplyError' || PASSING_REPLY.test(error.message)
}
