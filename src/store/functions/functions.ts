import { sha256 } from '../../core/digest.ts'
import { JobError } from '../../core/failures.ts'
import { FUNCTION_VERSIONS } from '../../core/function.ts'
import { auditArguments, type Actor, type AuditBounds } from '../audit.ts'
import type { Db } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { packSealed, placeOf, unpackSealed } from '../sealing.ts'

/** What may be told of a function without reading it. Times in milliseconds of Redis's clock. */
export interface StoredFunction {
  name: string
  /** The latest. */
  version: number
  createdAt: number
  updatedAt: number
}

/** Who changes a function of which tenant, and what is kept of it. */
export interface FunctionChange {
  tenant: string
  name: string
  actor: Actor
  audit: AuditBounds
}

/** What the functions of a tenant may take. */
export interface FunctionBounds {
  perTenant: number
  /** As they are stored, all versions together. */
  bytes: number
}

const PUT = loadMove(new URL('put.lua', import.meta.url))
const DELETE = loadMove(new URL('delete.lua', import.meta.url))

/**
 * Stores the request of a function, JSON text, as the next version of its name; the latest version is answered where it is the same. Throws RATE_LIMITED where the tenant's functions are too
 * many or take too much, and UNAUTHENTICATED where the actor's token was ended meanwhile.
 */
export async function putFunction (db: Db, request: string, { tenant, name, actor, audit, bounds }: FunctionChange & { bounds: FunctionBounds }): Promise<StoredFunction> {
  const body = await packSealed(db, request, placeOf('function', tenant, name))
  const reply = await runMove(db, PUT, NO_JOB, [
    tenant, name, sha256(request), body, bounds.perTenant, FUNCTION_VERSIONS, bounds.bytes, actor.tokenHash,
    ...auditArguments({ tenant, act: 'function.stored', actor, target: name, details: {} }, audit),
  ])
  switch (readText(reply, 0)) {
    case 'full': throw describeFull(name, readText(reply, 1), bounds)
    case 'stranger': throw strangerError()
    default: return { name, version: readNumber(reply, 1), createdAt: readNumber(reply, 2), updatedAt: readNumber(reply, 3) }
  }
}

/** Answers false where there is none of that name. Throws UNAUTHENTICATED as `putFunction` does. */
export async function deleteFunction (db: Db, { tenant, name, actor, audit }: FunctionChange): Promise<boolean> {
  const reply = await runMove(db, DELETE, NO_JOB, [
    tenant, name, actor.tokenHash, ...auditArguments({ tenant, act: 'function.deleted', actor, target: name, details: {} }, audit),
  ])
  if (readText(reply, 0) === 'stranger') throw strangerError()
  return readText(reply, 0) === 'deleted'
}

/** Lists a tenant's functions by their names. */
export async function listFunctions ({ redis, keys }: Db, tenant: string): Promise<StoredFunction[]> {
  const entries = Object.entries(await redis.hgetall(keys.functions(tenant)))
  return entries.map(([name, entry]) => readEntry(name, entry)).sort((a, b) => a.name < b.name ? -1 : 1)
}

/** Reads a version of a function, the latest unless one is named: its request is JSON text. Undefined where there is none; throws UNAVAILABLE where it cannot be decrypted. */
export async function readFunction (db: Db, { tenant, name, version }: { tenant: string, name: string, version?: number | undefined }): Promise<StoredFunction & { request: string } | undefined> {
  const entry = await db.redis.hget(db.keys.functions(tenant), name)
  if (entry === null) return undefined
  const stored = readEntry(name, entry)
  const wanted = version ?? stored.version
  const body = await db.redis.hgetBuffer(db.keys.function(tenant, name), String(wanted))
  return body === null ? undefined : { ...stored, version: wanted, request: (await unpackSealed(db, body, placeOf('function', tenant, name))).toString() }
}

function readEntry (name: string, entry: string): StoredFunction {
  const [version = 0, createdAt = 0, updatedAt = 0] = entry.split(' ').map(Number) // put.lua wrote them
  return { name, version, createdAt, updatedAt }
}

function describeFull (name: string, what: string, { perTenant, bytes }: FunctionBounds): JobError {
  const bound = what === 'functions' ? `functions may be ${perTenant} (BATCHBOX_TENANT_FUNCTIONS)` : `functions may take ${bytes} bytes (BATCHBOX_TENANT_FUNCTION_BYTES)`
  return new JobError('RATE_LIMITED', `Cannot store function "${name}": the tenant's ${bound}; delete one that is not needed`)
}

function strangerError (): JobError {
  return new JobError('UNAUTHENTICATED', 'Cannot change functions: the token of the request was rotated or revoked meanwhile')
}
