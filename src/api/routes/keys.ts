import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { findGrowth, inheritRights } from '../../core/api-key.ts'
import { sha256 } from '../../core/digest.ts'
import { JobError } from '../../core/failures.ts'
import { isId, newId } from '../../core/ids.ts'
import { createKey, listKeys, readKey, revokeKey, rotateKey, type ApiKey } from '../../store/keys.ts'
import type { Caller, Callers } from '../access.ts'
import { chooseTenant } from '../choose-tenant.ts'
import { KEY_GRACE_MAX_MS } from '../config.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { buildKeyView, KeyRequest, KeyView, NewKeyView } from '../key-view.ts'
import { logAct } from '../log-act.ts'
import { TAKES_BODY, withProblems } from '../problem.ts'
import { buildPageSize, OfTenant } from '../schemas.ts'

const LIMIT_MAX = 200

export interface KeyRoutesOptions {
  jobs: JobService
  /** Has this process look a key up again; the others are told by the store. */
  forget: Callers['forget']
  bounds: {
    /** Keys that a tenant may have. */
    perTenant: number
    /** How long a former token goes on after a rotation that does not say. */
    graceMs: number
  }
}

const KeyParams = z.object({ id: z.string().describe('Id of a key') })
const ListQuery = z.strictObject({
  tenant: OfTenant,
  limit: buildPageSize(LIMIT_MAX, 50),
  cursor: z.string().refine((text) => isId('key', text), 'Expected the nextCursor of a page').optional().describe('`nextCursor` of the page before'),
})

/**
 * Makes, lists, reads, rotates and revokes keys. Administrators have those of their tenant, operators those of all. Nobody makes a key, or gets or ends the
 * token of one, that may do more than their own.
 */
export const keyRoutes: FastifyPluginAsyncZod<KeyRoutesOptions> = async (app, { jobs, forget, bounds }) => {
  const { db, audit } = jobs
  const Rotation = z.strictObject({
    graceMs: z.number().int().min(0).max(KEY_GRACE_MAX_MS).default(bounds.graceMs).describe('How long the former token goes on'),
  })

  app.post('/v1/keys', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'Make a key', body: KeyRequest, response: withProblems({ 201: NewKeyView }, ...TAKES_BODY, 'TENANT_ERASING') },
  }, async ({ caller, body: { name, tenant, ...asked } }, reply) => {
    const id = newId('key')
    const rights = inheritRights(caller, { ...asked, tenant: chooseTenant(caller, tenant) }, id)
    refuseGrowth('make the key', caller, rights)
    const { token, ...key } = await createKey(db, { ...rights, scopes: asked.scopes, id, name }, { actor: caller, audit, maxKeys: bounds.perTenant })
    logAct(jobs.logger, { tenant: key.tenant, act: 'key.created', actor: caller, target: id, details: { name, scopes: key.scopes } })
    await confirmThat(jobs, db.keys.token(sha256(token)), 1)
    return reply.code(201).headers({ 'location': `/v1/keys/${id}`, 'cache-control': 'no-store' }).send({ ...buildKeyView(key), token })
  })

  app.get('/v1/keys', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'List keys', querystring: ListQuery, response: withProblems({ 200: z.object({ data: z.array(KeyView), nextCursor: z.string().nullable() }) }) },
  }, async ({ caller, query: { tenant, limit, cursor } }) => {
    const { keys, nextCursor } = await listKeys(db, chooseTenant(caller, tenant), { limit, cursor })
    return { data: keys.map(buildKeyView), nextCursor }
  })

  app.get('/v1/keys/:id', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'Read a key', params: KeyParams, response: withProblems({ 200: KeyView }, 'NOT_FOUND') },
  }, async ({ caller, params: { id } }) => buildKeyView(await findOwnKey(jobs, caller, id)))

  app.post('/v1/keys/:id/rotate', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'Give a key another token', params: KeyParams, body: Rotation, response: withProblems({ 200: NewKeyView }, ...TAKES_BODY, 'NOT_FOUND') },
  }, async ({ caller, params: { id }, body: { graceMs } }, reply) => {
    const key = await findOwnKey(jobs, caller, id)
    refuseGrowth('rotate the key', caller, key)
    const rotated = await rotateKey(db, key, { graceMs, actor: caller, audit })
    if (!rotated) throw missing(id)
    forget(id)
    const { token, ...rest } = rotated
    logAct(jobs.logger, { tenant: key.tenant, act: 'key.rotated', actor: caller, target: id, details: { graceMs } })
    await confirmThat(jobs, db.keys.token(sha256(token)), 1)
    return reply.header('cache-control', 'no-store').send({ ...buildKeyView(rest), token })
  })

  app.delete('/v1/keys/:id', {
    config: { access: 'admin' },
    schema: { tags: ['keys'], summary: 'Revoke a key', params: KeyParams, response: withProblems({ 204: z.null().describe('Revoked') }, ...TAKES_BODY, 'NOT_FOUND') },
  }, async ({ caller, params: { id } }, reply) => {
    const key = await findOwnKey(jobs, caller, id)
    refuseGrowth('revoke the key', caller, key)
    if (!await revokeKey(db, key, { actor: caller, audit })) throw missing(id)
    forget(id)
    logAct(jobs.logger, { tenant: key.tenant, act: 'key.revoked', actor: caller, target: id, details: {} })
    await confirmThat(jobs, db.keys.apiKey(id), 0)
    return reply.code(204).send(null)
  })
}

async function findOwnKey ({ db }: JobService, caller: Caller, id: string): Promise<ApiKey> {
  const key = await readKey(db, caller, id)
  if (!key) throw missing(id)
  return key
}

function missing (id: string): JobError {
  return new JobError('NOT_FOUND', `Cannot find key ${JSON.stringify(id.slice(0, 64))}`)
}

function refuseGrowth (action: string, caller: Caller, wanted: Parameters<typeof findGrowth>[1]): void {
  const growth = findGrowth(caller, wanted)
  if (growth !== undefined) throw new JobError('FORBIDDEN', `Cannot ${action}: it may do more than the key of the request: ${growth}`)
}

function confirmThat (jobs: JobService, name: string, exists: 0 | 1): Promise<void> {
  return confirm(jobs, 'change of keys', async (redis) => await redis.exists(name) === exists)
}
