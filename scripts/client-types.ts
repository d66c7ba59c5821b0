// Writes the types of the client's answers and requests from /openapi.json, which is made from the schemas that validate.
// With --check it changes nothing and fails when they are out of date.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApi } from '../src/api/api.ts'
import { ApiConfig } from '../src/api/config.ts'
import { FAILURES } from '../src/core/failures.ts'
import { parseEnv } from '../src/core/parse-env.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { writeNamed, type Schema } from './json-schema-types.ts'
import { ROOT } from './run-tests.ts'

const FILE = join(ROOT, 'clients', 'sdk', 'src', 'api-types.ts')
const BANNER = '// Written by `npm run client:types` from /openapi.json: change the schemas of the service, not this file.'
/** Nobody listens there: the description needs no store. */
const NO_STORE = 'redis://127.0.0.1:1'

const serviceFaults = Object.entries(FAILURES).filter(([, { fault }]) => fault === 'service').map(([code]) => code)
const types = `${BANNER}

/** Codes of which the operator of the service has to take care: neither the code nor who sent it is to blame. */
export const SERVICE_FAULTS: readonly FailureCode[] = ${JSON.stringify(serviceFaults).replaceAll('"', "'").replaceAll(',', ', ')}

${Object.entries(nameTypes(await describeApi())).map(([name, schema]) => writeNamed(name, schema)).join('\n\n')}\n`
const isCurrent = read(FILE) === types
if (!process.argv.includes('--check')) {
  if (!isCurrent) writeFileSync(FILE, types)
  process.stdout.write(isCurrent ? "The client's types are up to date\n" : `Wrote ${FILE}\n`)
} else if (!isCurrent) {
  process.stderr.write("The client's types are out of date: run npm run client:types\n")
  process.exitCode = 1
}

/** The API's own description, from an API that nothing is asked of but that. */
async function describeApi (): Promise<Schema> {
  const config = parseEnv(ApiConfig, { REDIS_URL: NO_STORE, BATCHBOX_ADMIN_KEY: 'nobody-has-this-key-of-no-service' })
  const api = await createApi({ config, logger: createLogger({ name: 'api', level: 'fatal' }), version: '0.0.0', connectWithinMs: 1 })
  try {
    await api.app.ready()
    return (await api.app.inject('/openapi.json')).json() as Schema // OpenAPI 3.1 describes with JSON Schema
  } finally {
    await api.close()
  }
}

/** Finds the schemas that the client has names for, the inner ones first: where one is part of another, the other refers to it. */
function nameTypes (document: Schema): Record<string, Schema> {
  const answer = (operation: string, status = '200') => {
    const [method = '', path = ''] = operation.split(' ')
    const content = at(document, 'paths', path, method, 'responses', status, 'content')
    return at(content, Object.keys(content)[0] ?? '', 'schema')
  }
  const body = (path: string, method = 'post') => at(document, 'paths', path, method, 'requestBody', 'content', 'application/json', 'schema')
  const job = answer('get /v1/jobs/{id}')
  const attempt = at(job, 'properties', 'attempts', 'items')
  const newJob = body('/v1/jobs')
  const batch = answer('get /v1/batches/{id}')
  const letter = at(answer('get /v1/dead-letters'), 'properties', 'data', 'items')
  const key = answer('get /v1/keys/{id}')
  const failure = at(job, 'properties', 'error', 'anyOf', '0')
  const event = at(answer('get /v1/jobs/{id}/events'), 'properties', 'data', 'items')
  const line = at(answer('get /v1/jobs/{id}/logs'), 'properties', 'data', 'items')
  const posted = answer('post /v1/batches', '202')
  const found: Record<string, Schema> = {
    FailureCode: at(failure, 'properties', 'code'),
    BrokenLimit: at(failure, 'properties', 'limit'),
    ThrownError: at(document, 'components', 'schemas', 'ThrownError'),
    JobFailure: failure,
    Problem: at(document, 'components', 'schemas', 'Problem'),
    JobStatus: at(job, 'properties', 'status'),
    Priority: at(newJob, 'properties', 'priority'),
    Serialization: at(newJob, 'properties', 'serialization'),
    JobWebhook: at(newJob, 'properties', 'webhook'),
    Permissions: at(newJob, 'properties', 'permissions'),
    Limits: at(newJob, 'properties', 'limits'),
    RetryPolicy: at(newJob, 'properties', 'retry'),
    NewJob: newJob,
    Isolation: at(attempt, 'properties', 'isolation', 'anyOf', '0'),
    Usage: at(attempt, 'properties', 'usage', 'anyOf', '0'),
    ReceiptLine: at(attempt, 'properties', 'receipt', 'items'),
    Run: at(attempt, 'properties', 'runs', 'items'),
    Attempt: attempt,
    JobView: job,
    CancelledJob: answer('post /v1/jobs/{id}/cancel'),
    ReplayChange: body('/v1/jobs/{id}/replay'),
    Checkpoint: answer('get /v1/jobs/{id}/checkpoint'),
    Trace: answer('get /v1/jobs/{id}/trace'),
    EventType: at(event, 'properties', 'type'),
    EventView: event,
    LogLevel: at(line, 'properties', 'level'),
    LogLine: line,
    BatchWebhook: at(body('/v1/batches'), 'anyOf', '0', 'properties', 'webhook'),
    BatchCounts: at(batch, 'properties', 'counts'),
    Batch: batch,
    ItemOutcome: at(posted, 'properties', 'items', 'items'),
    PostedBatch: posted,
    BatchResultView: answer('get /v1/batches/{id}/results'),
    BatchReplay: body('/v1/batches/{id}/replay'),
    Loss: at(letter, 'properties', 'losses', 'items'),
    DeadLetter: letter,
    DeadLetterCounts: answer('get /v1/dead-letters/counts'),
    NewSweep: body('/v1/dead-letters/replay'),
    Sweep: answer('get /v1/dead-letters/replays/{id}'),
    Scope: at(body('/v1/keys'), 'properties', 'scopes', 'items'),
    NewKey: body('/v1/keys'),
    ApiKey: key,
    ApiKeyWithToken: answer('post /v1/keys', '201'),
    WebhookEvent: at(body('/v1/webhooks'), 'properties', 'events', 'items'),
    NewWebhookEndpoint: body('/v1/webhooks'),
    WebhookEndpointChange: body('/v1/webhooks/{id}', 'patch'),
    WebhookEndpoint: at(document, 'components', 'schemas', 'WebhookEndpoint'),
    WatchedWebhookEndpoint: answer('get /v1/webhooks/{id}'),
    WebhookEndpointWithSecret: answer('post /v1/webhooks', '201'),
    SigningSecret: at(answer('get /v1/webhooks/secret'), 'properties', 'data', 'items'),
    ListedWebhookDelivery: at(answer('get /v1/webhooks/deliveries'), 'properties', 'data', 'items'),
    WebhookDelivery: at(document, 'components', 'schemas', 'WebhookDelivery'),
    WebhookRedelivery: body('/v1/webhooks/deliveries/redeliver'),
    WebhookRedelivered: answer('post /v1/webhooks/deliveries/redeliver'),
    NewFlowCall: body('/flow/codeblock'),
    FlowAnswer: at(document, 'components', 'schemas', 'FlowAnswer'),
    StoredFunction: at(document, 'components', 'schemas', 'Function'),
    WholeFunction: at(document, 'components', 'schemas', 'WholeFunction'),
    Secret: at(document, 'components', 'schemas', 'Secret'),
    StoredFile: at(document, 'components', 'schemas', 'File'),
    TenantBounds: answer('get /v1/tenants/{tenant}/bounds'),
    Erasure: at(document, 'components', 'schemas', 'Erasure'),
    Act: at(answer('get /v1/audit'), 'properties', 'data', 'items'),
    Stats: answer('get /v1/stats'),
    Modules: answer('get /v1/modules'),
  }
  const names = new Map(Object.entries(found).map(([name, schema]) => [identify(schema), name]))
  return Object.fromEntries(Object.entries(found).map(([name, schema]) => [name, mapMembers(bare(schema), (member) => refer(member, names))]))
}

/** Goes into a schema; a path that is not there is an API that changed. */
function at (schema: Schema, ...path: string[]): Schema {
  let found: unknown = schema
  for (const step of path) found = (found as Record<string, unknown> | undefined)?.[step]
  if (typeof found !== 'object' || found === null) throw new TypeError(`Cannot find ${path.join(' / ')} in the description of the API`)
  return found as Schema
}

/** Replaces what has a name by a reference, keeping what is said of it there. */
function refer (value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value !== 'object' || value === null) return value
  const name = names.get(identify(value as Schema)) // whatever is no schema has none
  if (name === undefined) return mapMembers(value, (member) => refer(member, names))
  return { ...('description' in value ? { description: value.description } : {}), $ref: name }
}

function mapMembers<T extends object> (value: T, change: (member: unknown) => unknown): T {
  if (Array.isArray(value)) return value.map(change) as unknown as T // as it was
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)])) as T // likewise
}

/** The same for schemas that allow the same. */
function identify (schema: Schema): string {
  return JSON.stringify(bare(schema))
}

function bare ({ description: _, default: __, ...schema }: Schema): Schema {
  return schema
}

function read (file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // written for the first time
  }
}
