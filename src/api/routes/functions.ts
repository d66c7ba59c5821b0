import type { preValidationAsyncHookHandler } from 'fastify'
import { jsonSchemaTransform, type FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { JobError } from '../../core/failures.ts'
import { FUNCTION_VERSIONS, FunctionName } from '../../core/function.ts'
import { buildJobRequest, TAG_BOUNDS, Tags } from '../../core/job-request.ts'
import { JobView } from '../../core/job.ts'
import { deleteFunction, listFunctions, putFunction, readFunction, type FunctionBounds, type StoredFunction } from '../../store/functions/functions.ts'
import { confirm } from '../confirm.ts'
import type { JobService } from '../job-service.ts'
import { formatTime } from '../job-view.ts'
import { logAct } from '../log-act.ts'
import { hashBody } from '../plugins/idempotency.ts'
import { postJob } from '../post-job.ts'
import { MAKES_JOBS, TAKES_BODY, withProblems } from '../problem.ts'
import { checkSize } from '../request-size.ts'
import { PostHeaders } from '../schemas.ts'
import { buildUnderCeilings, checkUnderCeilings } from '../under-ceilings.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The body of a function as it was posted: defaults are filled in when it is called. */
    functionAsPosted: string
  }
}

export interface FunctionRoutesOptions {
  jobs: JobService
  bounds: FunctionBounds
}

/** More than are ever stored. */
const VERSION_MAX = 1_000_000_000
const FunctionParams = z.object({ name: FunctionName })
const FunctionQuery = z.strictObject({ version: z.coerce.number().int().min(1).max(VERSION_MAX).optional().describe(`The latest unless given; the newest ${FUNCTION_VERSIONS} are kept`) })
const time = z.iso.datetime()
const shape = { name: z.string(), version: z.number().int(), createdAt: time, updatedAt: time }
const FunctionView = z.object(shape).meta({ id: 'Function' })
const WholeFunction = z.object({ ...shape, request: z.record(z.string(), z.unknown()).describe('The job, as it was stored') }).meta({ id: 'WholeFunction' })
/** What calls have from the function alone. */
const SOURCES = ['code', 'codeBase64', 'files'] as const
/** Those that a call adds: `function` and `functionVersion`. */
const OWN_TAGS = 2

/** Stores, reads and deletes functions, which are jobs that are kept by a name in versions; and calls them. */
export const functionRoutes: FastifyPluginAsyncZod<FunctionRoutesOptions> = async (app, { jobs, bounds }) => {
  const { db, audit, logger, policy, toolNames } = jobs
  const config = { access: 'functions:write' } as const
  const checkCeilings = checkUnderCeilings(buildUnderCeilings((ceilings) => buildJobRequest(policy, toolNames, ceilings)))
  app.decorateRequest('functionAsPosted', '')

  /** Puts the function's request under that of the call. */
  const fillIn: preValidationAsyncHookHandler = async (request) => {
    const [params, query] = [FunctionParams.safeParse(request.params), FunctionQuery.safeParse(request.query)]
    if (!params.success || !query.success) return // the schemas of the route say so
    const call = readCall(request.body ?? {})
    const { name } = params.data
    const found = await find({ tenant: request.caller.tenant, name, version: query.data.version })
    if (request.idempotency) request.idempotency = { ...request.idempotency, bodyHash: hashBody(`/v1/functions/${name}/jobs?version=${query.data.version ?? ''}`, call) }
    const stored = JSON.parse(found.request) as { tags?: object, delayMs?: number, runAt?: string } // it was checked when it was stored
    if ('runAt' in call) delete stored.delayMs // the one instead of the other
    if ('delayMs' in call) delete stored.runAt
    const { success, data: tags } = Tags.optional().safeParse(call['tags']) // others are the schema's to refuse
    request.body = { ...stored, ...call, ...(success ? { tags: { ...stored.tags, ...tags, function: name, functionVersion: String(found.version) } } : {}) }
  }

  async function find (wanted: { tenant: string, name: string, version: number | undefined }) {
    const found = await readFunction(db, wanted)
    if (found) return found
    throw new JobError('NOT_FOUND', `Cannot find ${wanted.version === undefined ? '' : `version ${wanted.version} of `}function "${wanted.name}"`)
  }

  app.put('/v1/functions/:name', {
    config,
    preValidation: [async (request) => { request.functionAsPosted = JSON.stringify(request.body) }, checkCeilings],
    schema: { tags: ['functions'], summary: 'Store a function', params: FunctionParams, body: buildJobRequest(policy, toolNames), response: withProblems({ 200: FunctionView }, ...TAKES_BODY, 'CODE_TOO_LARGE', 'TENANT_ERASING') },
  }, async ({ caller, params: { name }, body, headers, functionAsPosted }) => {
    const { tenant } = caller
    checkSize(policy, body, Number(headers['content-length'] ?? Infinity))
    checkRoomForTags(body.tags)
    const stored = await putFunction(db, functionAsPosted, { tenant, name, actor: caller, audit, bounds })
    logAct(logger, { tenant, act: 'function.stored', actor: caller, target: name, details: { version: stored.version } })
    await confirm(jobs, 'change of functions', async (redis) => await redis.hexists(db.keys.function(tenant, name), String(stored.version)) === 1)
    return viewFunction(stored)
  })

  app.get('/v1/functions', {
    config,
    schema: { tags: ['functions'], summary: 'List functions by their names', response: withProblems({ 200: z.object({ data: z.array(FunctionView) }) }) },
  }, async ({ caller }) => ({ data: (await listFunctions(db, caller.tenant)).map(viewFunction) }))

  app.get('/v1/functions/:name', {
    config,
    schema: { tags: ['functions'], summary: 'Read a function', params: FunctionParams, querystring: FunctionQuery, response: withProblems({ 200: WholeFunction }, 'NOT_FOUND') },
  }, async ({ caller: { tenant }, params: { name }, query: { version } }) => {
    const found = await find({ tenant, name, version })
    return { ...viewFunction(found), request: JSON.parse(found.request) as Record<string, unknown> } // a body of PUT
  })

  app.delete('/v1/functions/:name', {
    config,
    schema: { tags: ['functions'], summary: 'Delete a function with all its versions', params: FunctionParams, response: withProblems({ 204: z.null().describe('Deleted') }, ...TAKES_BODY, 'NOT_FOUND') },
  }, async ({ caller, params: { name } }, reply) => {
    const { tenant } = caller
    if (!await deleteFunction(db, { tenant, name, actor: caller, audit })) throw new JobError('NOT_FOUND', `Cannot find function "${name}"`)
    logAct(logger, { tenant, act: 'function.deleted', actor: caller, target: name, details: {} })
    await confirm(jobs, 'change of functions', async (redis) => await redis.hexists(db.keys.functions(tenant), name) === 0)
    return reply.code(204).send(null)
  })

  app.post('/v1/functions/:name/jobs', {
    config: { access: 'jobs:write', swaggerTransform: describeCall },
    preValidation: [fillIn, checkCeilings],
    schema: {
      tags: ['functions'],
      summary: 'Enqueue a job that calls a function: what the body leaves out is as the function has it',
      params: FunctionParams,
      querystring: FunctionQuery,
      headers: PostHeaders,
      body: buildJobRequest(policy, toolNames),
      response: withProblems({ 200: JobView, 202: JobView }, ...MAKES_JOBS, 'CODE_TOO_LARGE', 'NOT_FOUND', 'GONE'),
    },
  }, async (request, reply) => postJob(jobs, request, reply, request.body))
}

/** Describes the body of a call for the reference: what is validated is the whole job, once it is filled in. */
const describeCall: typeof jsonSchemaTransform = (route) => {
  const made = jsonSchemaTransform(route)
  const { body, ...schema } = made.schema as { body: { properties: Record<string, unknown> } } // that of a job
  const properties = Object.fromEntries(Object.entries(body.properties).filter(([name]) => !SOURCES.some((source) => source === name)))
  return { ...made, schema: { ...schema, body: { ...body, properties } } }
}

/** Throws INVALID for a function that nobody could call. */
function checkRoomForTags (tags: Readonly<Record<string, string>>): void {
  const { function: _, functionVersion: __, ...others } = tags
  const most = TAG_BOUNDS.count - OWN_TAGS
  if (Object.keys(others).length > most) throw new JobError('INVALID', `Cannot store function: it may have ${most} tags, since each call adds function and functionVersion`, { errors: [{ pointer: '/tags', message: `At most ${most} tags` }] })
}

/** Reads the body of a call. Throws INVALID for one that brings code of its own. */
function readCall (body: unknown): Record<string, unknown> {
  const { success, data } = z.record(z.string(), z.unknown()).safeParse(body)
  if (!success) throw new JobError('INVALID', 'Cannot take the body: it is no object', { errors: [{ pointer: '', message: 'Expected an object' }] })
  const source = SOURCES.find((member) => member in data)
  if (source !== undefined) throw new JobError('INVALID', `Cannot take the body: /${source}: the code is the function's`, { errors: [{ pointer: `/${source}`, message: "The code is the function's" }] })
  return data
}

function viewFunction ({ name, version, createdAt, updatedAt }: StoredFunction): z.infer<typeof FunctionView> {
  return { name, version, createdAt: formatTime(createdAt), updatedAt: formatTime(updatedAt) }
}
