import type { JobSpec } from '../../core/job-request.ts'
import { itemId, shardsId } from '../../core/ids.ts'
import { packPayload } from '../codec.ts'
import type { Db, Run } from '../db.ts'
import { levelOf, readDeals, type DispatchRef } from '../deals.ts'
import { buildBounds } from '../moves/new-job.ts'
import { readNumber, readText } from '../moves/reply.ts'
import { loadMove, runMove } from '../script.ts'
import { placeOf, sealJson, sealPayload } from '../sealing.ts'
import { digestTags } from '../tags.ts'
import { readReachedBound, writeRoomBounds, type ReachedBound, type RoomBounds } from '../tenant-room.ts'
import type { ShardStart } from './read.ts'

/** Shards of a job as they are made: all have its code, and what is here. */
export interface NewShards {
  spec: JobSpec
  /** JSON texts, one for each of them. */
  inputs: readonly string[]
  /** Where they begin: kept for the next run where the tenant has no room for them now. */
  starts: readonly ShardStart[]
  retentionMs: number
  /** None is made where the tenant has reached one of them. */
  bounds?: RoomBounds
}

/**
 * `shards`: the job waits for them, and the caller sends the messages of `deals`. `full`: it comes again in a while, since the tenant has reached that bound. The run is over then. In what follows it goes on:
 * `ended`: all shards have ended. `missing`: there are none, and none were given. `small`: the tenant may not have as many jobs waiting. `cancelled`: somebody asked for the end of the job, which the caller
 * is to settle. A fenced run changed nothing.
 */
export type Waits =
  | { type: 'shards', deals: DispatchRef[] }
  | { type: 'full' } & ReachedBound
  | { type: 'small', most: number }
  | { type: 'ended' | 'missing' | 'cancelled' | 'fenced' }

const SCRIPT = loadMove(new URL('wait.lua', import.meta.url))
/** Until it is looked again whether the tenant has room for the shards. */
const REST_MS = 5000
const NOTHING = JSON.stringify({ usage: null, isolation: null, error: null })

/**
 * Ends the run of a job that is to wait for its shards, charged to nobody, and makes them unless they are there: all of them, once, whoever asks how often. Their ids are derived from that of the
 * job. It takes Redis some 125 µs for each of them, in which it does nothing else.
 */
export async function waitForShards (db: Db, run: Run, shards?: NewShards): Promise<Waits> {
  const { jobId, tenant } = run
  const ended = `,${sealJson(db, NOTHING, placeOf('end', tenant, jobId, run.fence)).slice(1)}`
  const reply = await runMove(db, SCRIPT, jobId, [run.fence, run.holder, shardsId(jobId), shards?.retentionMs ?? 0, ended, writeRoomBounds(shards?.bounds ?? {}), REST_MS, ...shards ? await writeShards(db, run, shards) : ['', 0, '', '']])
  const type = readText(reply, 0) as Waits['type'] // wait.lua has these
  switch (type) {
    case 'shards': return { type, deals: readDeals(reply, 1) }
    case 'full': return { type, ...(Array.isArray(reply) && reply.length > 1 ? readReachedBound(reply) : { bound: 'jobsWaiting', observed: 0, own: null }) }
    case 'small': return { type, most: readNumber(reply, 1) }
    default: return { type }
  }
}

async function writeShards (db: Db, { jobId, tenant }: Run, { spec, inputs, starts }: NewShards): Promise<(string | number | Buffer)[]> {
  const batchId = shardsId(jobId)
  const json = JSON.stringify(spec)
  const items = await Promise.all(inputs.map(async (text, index) => {
    const id = itemId(batchId, index)
    const input = sealPayload(db, await packPayload(text), placeOf('input', tenant, id))
    return [sealJson(db, json, placeOf('spec', tenant, id)), input.field, input.body ?? '']
  }))
  return [buildBounds(spec), levelOf(spec.priority), digestTags(spec.tags), JSON.stringify(starts), ...items.flat()]
}
