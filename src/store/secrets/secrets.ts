import { JobError } from '../../core/failures.ts'
import type { SecretService } from '../../core/secret.ts'
import { auditArguments, type Actor, type AuditBounds } from '../audit.ts'
import type { Db } from '../db.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, NO_JOB, runMove } from '../script.ts'
import { placeOf } from '../sealing.ts'

/** What may be told of a secret. Times in milliseconds of Redis's clock. */
export interface Secret {
  name: string
  createdAt: number
  updatedAt: number
}

/** Who changes a secret of which tenant, and what is kept of it. */
export interface SecretChange {
  tenant: string
  name: string
  actor: Actor
  audit: AuditBounds
}

const PUT = loadMove(new URL('put.lua', import.meta.url))
const DELETE = loadMove(new URL('delete.lua', import.meta.url))

/**
 * Stores a secret, encrypted; the one that has its name is gone. Throws UNAVAILABLE where no key is configured, RATE_LIMITED where the tenant has as many as it may, and
 * UNAUTHENTICATED where the actor's token was ended meanwhile.
 */
export async function putSecret (db: Db, value: string, { tenant, name, actor, audit, maxSecrets }: SecretChange & { maxSecrets: number }): Promise<Secret> {
  const sealed = db.cipher.seal(Buffer.from(value), placeOf('secret', tenant, name))
  const reply = await runMove(db, PUT, NO_JOB, [
    tenant, name, sealed, maxSecrets, actor.tokenHash,
    ...auditArguments({ tenant, act: 'secret.stored', actor, target: name, details: {} }, audit),
  ])
  switch (readText(reply, 0)) {
    case 'full': throw new JobError('RATE_LIMITED', `Cannot store secret "${name}": the tenant has ${maxSecrets}, and the bound of every tenant, BATCHBOX_TENANT_SECRETS, is ${maxSecrets}; delete one that is not needed`)
    case 'stranger': throw strangerError()
    default: return { name, createdAt: readNumber(reply, 1), updatedAt: readNumber(reply, 2) }
  }
}

/** Answers false where there is none of that name. Throws UNAUTHENTICATED as `putSecret` does. */
export async function deleteSecret (db: Db, { tenant, name, actor, audit }: SecretChange): Promise<boolean> {
  const reply = await runMove(db, DELETE, NO_JOB, [
    tenant, name, actor.tokenHash, ...auditArguments({ tenant, act: 'secret.deleted', actor, target: name, details: {} }, audit),
  ])
  if (readText(reply, 0) === 'stranger') throw strangerError()
  return readText(reply, 0) === 'deleted'
}

/** Lists a tenant's secrets by their names, without their values. */
export async function listSecrets ({ redis, keys }: Db, tenant: string): Promise<Secret[]> {
  const fields = Object.entries(await redis.hgetall(keys.secrets(tenant)))
  return fields.map(([name, times]) => {
    const [createdAt, updatedAt] = times.split(' ').map(Number) // put.lua wrote both
    return { name, createdAt: createdAt ?? 0, updatedAt: updatedAt ?? 0 }
  }).sort((a, b) => a.name < b.name ? -1 : 1)
}

/** Builds what runs read secrets by. */
export function buildSecrets ({ redis, keys, cipher }: Db): SecretService {
  return {
    async read (tenant, name) {
      const sealed = await redis.hgetBuffer(keys.sealed(tenant), name)
      if (sealed === null) return undefined
      try {
        return cipher.open(sealed, placeOf('secret', tenant, name)).toString()
      } catch (cause) {
        if (!(cause instanceof JobError)) throw cause
        throw new JobError('UNAVAILABLE', `Cannot read secret "${name}": ${cause.message}`, { cause })
      }
    },
  }
}

function strangerError (): JobError {
  return new JobError('UNAUTHENTICATED', 'Cannot change secrets: the token of the request was rotated or revoked meanwhile')
}
