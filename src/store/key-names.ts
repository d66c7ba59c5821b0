import type { ChannelAddress } from '../core/channel.ts'
import { sha256 } from '../core/digest.ts'
import type { Priority } from '../core/job-request.ts'
import { levelOf } from './deals.ts'

/** Prefix of a service that was not told another; hash-tagged, so that one prefix is one shard of a Cluster. */
export const DEFAULT_PREFIX = '{batchbox}'

const HASH_TAG = /^[^{}]*\{[^{}]+\}[^{}]*$/

/** Names of everything that the service keeps in Redis. The moves' Lua builds the same names from the prefix. */
export type Keys = ReturnType<typeof buildKeys>

/** Builds the names under a prefix. Throws a RangeError for a prefix without a hash tag, since moves touch several keys at once. */
export function buildKeys (prefix: string) {
  if (!HASH_TAG.test(prefix)) throw new RangeError(`Cannot use prefix "${prefix}": it needs one hash tag, as in "{batchbox}"`)
  return {
    prefix,
    job: (id: string) => `${prefix}:job:${id}`,
    /** Events of a job that has not been archived. */
    events: (id: string) => `${prefix}:events:${id}`,
    /** Events of a job that ended, in one value. */
    history: (id: string) => `${prefix}:history:${id}`,
    trace: (id: string) => `${prefix}:trace:${id}`,
    payload: (id: string, kind: 'input' | 'result') => `${prefix}:payload:${id}:${kind}`,
    /** What the job's code saved last, for its next run. */
    checkpoint: (id: string) => `${prefix}:checkpoint:${id}`,
    code: (tenant: string, hash: string) => `${prefix}:code:${tenant}:${hash}`,
    idempotency: (tenant: string, key: string) => `${prefix}:idem:${tenant}:${sha256(key)}`,
    /** Left behind by a removed job, so that its id answers 410 for a while. */
    gone: (id: string) => `${prefix}:gone:${id}`,
    /** All jobs of a tenant, or those in one state, by the time they were made. */
    jobs: (tenant: string, status?: string) => status === undefined ? `${prefix}:jobs:${tenant}` : `${prefix}:jobs:${tenant}:${status}`,
    /** Dead jobs of a tenant, by the code of the failure that they are dead of. */
    dead: (tenant: string, code: string) => `${prefix}:dead:${tenant}:${code}`,
    /** An order to replay or to purge many dead letters, and the jobs it made that have not ended. */
    sweep: (id: string) => `${prefix}:sweep:${id}`,
    sweepFlight: (id: string) => `${prefix}:sweep:${id}:flight`,
    /** Those under way, by the time of their next step; of all tenants, or of one. */
    sweeps: (tenant?: string) => tenant === undefined ? `${prefix}:sweeps` : `${prefix}:sweeps:${tenant}`,
    /** What a tenant has stored: `bytes`, and pieces of code as `codes`. */
    usage: (tenant: string) => `${prefix}:usage:${tenant}`,
    /** Tenants that have jobs. */
    tenants: `${prefix}:tenants`,
    /** Running jobs by deadline. */
    running: `${prefix}:running`,
    /** Ended jobs by the time they are to be removed. */
    expiring: `${prefix}:expiring`,
    /** Turns of jobs whose time has not come, as `<job id> <turn>` by it. */
    scheduled: `${prefix}:scheduled`,
    /** Turns of a tenant's jobs that wait to be handed out, as `<job id> <turn>` by the time they were due; a list for each priority. */
    waiting: (tenant: string, priority: Priority) => `${prefix}:waiting:${tenant}:${levelOf(priority)}`,
    /** Tenants whose turns wait, by how many of them were handed out. */
    dealing: `${prefix}:dealing`,
    /** How many turns of each tenant were handed out and have not begun. */
    dealt: `${prefix}:dealt`,
    /** Most runs that a tenant may have at one time, for those that are bound. */
    maxRunning: `${prefix}:max-running`,
    /** Jobs that may wait at one time, by tenant. */
    maxWaiting: `${prefix}:max-waiting`,
    ceilings: `${prefix}:ceilings`,
    /** All turns that wait for a worker, handed out or not, by the time they were due: for those who watch. */
    due: `${prefix}:due`,
    /**
     * What ended in an hour of the epoch, of a tenant: counts by five minutes, state and failure code, and the jobs that took longest. They end by
     * themselves, after 26 hours at the latest.
     */
    stats: (tenant: string, hour: number, part: 'ends' | 'slow') => `${prefix}:stats:${tenant}:${hour}:${part}`,
    /** Counts of what happened to jobs: `accepted`, and `<state>:<failure code>` of those that ended. */
    totals: `${prefix}:totals`,
    /** Messages that BullMQ is owed, as `<job id> <turn>`, by the time they were handed out or are to be sent again. */
    owedDispatch: `${prefix}:owed:dispatch`,
    /** Ended jobs whose events are still a stream. */
    owedArchive: `${prefix}:owed:archive`,
    /** A proof of each key that payloads were encrypted with, by its id. */
    encryption: `${prefix}:encryption`,
    /** Another after Redis lost writes: see `takePulse`. */
    epoch: `${prefix}:epoch`,
    batch: (id: string) => `${prefix}:batch:${id}`,
    /** Items of a batch that are no jobs of it, by index: refused, as JSON, or the id of the job that they repeat. */
    exceptions: (id: string) => `${prefix}:exceptions:${id}`,
    /** Batches of a tenant, by the time they were made. */
    batches: (tenant: string) => `${prefix}:batches:${tenant}`,
    /** Batches whose items are still being posted, by the time the last ones came. */
    openBatches: `${prefix}:open-batches`,
    /** Batches whose items are being cancelled. */
    cancellingBatches: `${prefix}:cancelling-batches`,
    /** Batches that ended by the time they are to be removed. */
    expiringBatches: `${prefix}:expiring-batches`,
    /** When the last pass over everything began: see `reconcile`. */
    reconciled: `${prefix}:reconciled`,
    /** Of an API key's token, by its SHA-256. */
    token: (hash: string) => `${prefix}:key:${hash}`,
    apiKey: (id: string) => `${prefix}:api-key:${id}`,
    /** Ids of a tenant's API keys, all with the score 0: they sort by the time they were made. */
    apiKeys: (tenant: string) => `${prefix}:keys:${tenant}`,
    /** Channel of ids of API keys that were rotated or revoked. */
    apiKeysChannel: `${prefix}:keys-changed`,
    /** Counts of requests by rate group; each lives for a second. */
    rates: `${prefix}:rate`,
    /** Tenants that are being erased, by the time of the next step. */
    erasing: `${prefix}:erasing`,
    /** How far the erasure of a tenant is, or was: it outlives the name, and does not hold it. */
    erasure: (tenant: string) => `${prefix}:erasure:${sha256(tenant)}`,
    /** What administrators of a tenant did. */
    audit: (tenant: string) => `${prefix}:audit:${tenant}`,
    /** Channel of messages between running jobs. The topic is user code's: encoded, it has no colon, no glob character and no control character. */
    channel: ({ tenant, batchId, topic }: ChannelAddress) => `${prefix}:channel:${tenant}:${batchId ?? ''}:${Buffer.from(topic).toString('base64url')}`,
    /** When each secret of a tenant was stored first and last, by name. */
    secrets: (tenant: string) => `${prefix}:secrets:${tenant}`,
    /** The secrets themselves, encrypted. */
    sealed: (tenant: string) => `${prefix}:sealed:${tenant}`,
    /** Of each function of a tenant, by its name: its latest version, times, bytes and digest, as put.lua writes them. */
    functions: (tenant: string) => `${prefix}:functions:${tenant}`,
    /** The versions of a function that are kept, by their numbers. */
    function: (tenant: string, name: string) => `${prefix}:function:${tenant}:${name}`,
    /** What a tenant keeps for its code: values by key, and under the empty key the bytes of all. */
    kv: (tenant: string) => `${prefix}:kv:${tenant}`,
    /** The keys of those once more, all with the score 0: they sort by their bytes. */
    kvNames: (tenant: string) => `${prefix}:kv-names:${tenant}`,
    /** Those that expire, by when. */
    kvExpiring: (tenant: string) => `${prefix}:kv-expiring:${tenant}`,
    /** Tenants that have such, by when the next one expires. */
    kvDue: `${prefix}:kv-due`,
    file: (id: string) => `${prefix}:file:${id}`,
    /** A tenant's own files, by the time they were made. */
    files: (tenant: string) => `${prefix}:files:${tenant}`,
    /** Ids of those by name; of the uploads that are under way; and of the outputs of a job. */
    fileNames: (tenant: string) => `${prefix}:file-names:${tenant}`,
    fileUploads: (tenant: string) => `${prefix}:file-uploads:${tenant}`,
    jobFiles: (jobId: string) => `${prefix}:job-files:${jobId}`,
    /** Jobs that have not ended and have the file for their input. */
    fileHolds: (id: string) => `${prefix}:file-holds:${id}`,
    /** `bytes` and `files` of a tenant, with what is under way. */
    fileUsage: (tenant: string) => `${prefix}:file-usage:${tenant}`,
    /** The same of all tenants together. */
    fileTotals: `${prefix}:file-totals`,
    /** Own files and uploads, by when they are removed. */
    filesExpiring: `${prefix}:files-expiring`,
    /** Files that have the blob. */
    blob: (blob: string) => `${prefix}:blob:${blob}`,
    /** Blobs that no file has any more and that are to be removed from the store, by since when. */
    owedBlobs: `${prefix}:owed:blobs`,
    /** What contents of files are encrypted with, encrypted itself. */
    fileKey: `${prefix}:file-key`,
    /** Names the part of the file store that is this service's. */
    fileStore: `${prefix}:file-store`,
    /** An endpoint of a tenant's, and the ids of all of them with the score 0: they sort by the time they were made. */
    webhook: (id: string) => `${prefix}:webhook:${id}`,
    webhooks: (tenant: string) => `${prefix}:webhooks:${tenant}`,
    /** Events of the tenant's endpoints that are enabled, by their ids: what moves read. */
    webhookFilters: (tenant: string) => `${prefix}:webhook-filters:${tenant}`,
    /** What an endpoint's deliveries are signed with; of the tenant itself under an empty id. */
    webhookSecrets: (tenant: string, endpointId: string | null) => `${prefix}:webhook-secrets:${tenant}:${endpointId ?? ''}`,
    /** What one target is told of one event, with how its tries went. */
    delivery: (id: string) => `${prefix}:delivery:${id}`,
    /** Those of a tenant, or those in one state, by the time of their event. */
    deliveries: (tenant: string, status?: string) => status === undefined ? `${prefix}:deliveries:${tenant}` : `${prefix}:deliveries:${tenant}:${status}`,
    /** Those of events of one job or batch. */
    hooked: (subject: string) => `${prefix}:hooked:${subject}`,
    /** Deliveries to one receiver that wait to be dealt, by the time they were due. A lane is `<tenant>:<receiver>`. */
    lane: (lane: string) => `${prefix}:lane:${lane}`,
    /** How many tries of a lane failed in a row, and how often its circuit was opened since one succeeded; or `ok`, where the last one did. */
    laneState: (lane: string) => `${prefix}:lane-state:${lane}`,
    /** Deliveries of a lane that were dealt, until their try is over. */
    laneFlight: (lane: string) => `${prefix}:lane-flight:${lane}`,
    /** Lanes that are dealt from, by how much was; and those that are left alone, by until when. */
    webhookRing: `${prefix}:webhook-ring`,
    webhookHeld: `${prefix}:webhook-held`,
    /** Deliveries by the time of their next try; by when their message was handed out; by when a try that says nothing is lost; all that are pending, by when they are given up; and the others, by when they are removed. */
    webhookScheduled: `${prefix}:webhook-scheduled`,
    webhookOwed: `${prefix}:webhook-owed`,
    webhookLeases: `${prefix}:webhook-leases`,
    webhookPending: `${prefix}:webhook-pending`,
    webhookExpiring: `${prefix}:webhook-expiring`,
    /** What workers were told by their operator: see `saveWebhookBounds`. */
    webhookBounds: `${prefix}:webhook-bounds`,
    /** Bytes that tenants have undelivered. */
    webhookBytes: `${prefix}:webhook-bytes`,
    /** Counts of tries and of deliveries by how they ended. */
    webhookTotals: `${prefix}:webhook-totals`,
    /** Channel with a word whenever there is something to deliver. */
    webhooksChannel: `${prefix}:webhooks-owed`,
    /** That a tag of a tenant is followed: since which number, up to which, and for how long its log is kept. The tag is a digest: see `digestTag`. */
    tag: (tenant: string, tag: string) => `${prefix}:tag:${tenant}:${tag}`,
    /** References to the events of jobs with that tag. */
    tagLog: (tenant: string, tag: string) => `${prefix}:tag-log:${tenant}:${tag}`,
    /** Tags of a tenant that have such a log, by the time it ends. */
    followed: (tenant: string) => `${prefix}:followed:${tenant}`,
    /** Channel with the number of the log's last event, whenever there are new ones. */
    tagNewsChannel: (tenant: string, tag: string) => `${prefix}:tag-news:${tenant}:${tag}`,
    /** Channel with one message when the job ends. */
    endedChannel: (id: string) => `${prefix}:ended:${id}`,
    /** Channel with the number of the job's last event, whenever there are new ones. */
    newsChannel: (id: string) => `${prefix}:news:${id}`,
    /** Channel of ids of running jobs that somebody asked to cancel. */
    cancelChannel: `${prefix}:cancel`,
    /** What workers say of their runner processes, by their names: `<ms until they are taken for alive> <figures as JSON>`. */
    pools: `${prefix}:pools`,
    /** A call of the flow endpoint that waits for a worker; and once it has one, which: `<lanes> <name>`. */
    flowCall: (id: string) => `${prefix}:flow:call:${id}`,
    flowRun: (id: string) => `${prefix}:flow:run:${id}`,
    /** Says that an API process waits for its calls; five seconds after its last word it is gone. */
    flowCaller: (caller: string) => `${prefix}:flow:caller:${caller}`,
    /** An answer that is too long for a message. */
    flowAnswer: (id: string) => `${prefix}:flow:answer:${id}`,
    /** Calls of a tenant that wait, as `<id> <hash of the code> <API process that asks>`; and the tenants that have such, the next one first. */
    flowWaiting: (tenant: string) => `${prefix}:flow:waiting:${tenant}`,
    flowRing: `${prefix}:flow:ring`,
    /** A token for each call that came, for which idle workers wait. */
    flowBell: `${prefix}:flow:bell`,
    /** Workers that take calls, as `<lanes> <name>`, by until when they are taken for alive. */
    flowWorkers: `${prefix}:flow:workers`,
    /** Channel of answers to the callers of one API process. */
    flowAnswersChannel: (caller: string) => `${prefix}:flow:answers:${caller}`,
    /** Channel of ids of calls that run and that nobody waits for any more. */
    flowCancelChannel: `${prefix}:flow:cancel`,
    /** Prefix of what BullMQ keeps. */
    queue: `${prefix}:queue`,
  }
}
