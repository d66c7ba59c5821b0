import type { Figures } from '../core/figures.ts'
import type { Db } from './db.ts'
import { readEnds } from './stats.ts'
import { readWebhookFigures } from './webhooks/figures.ts'
import { readMemory } from './memory.ts'

/** Reads them all in one round trip of commands that cost the same however many jobs there are. */
export async function readFigures (db: Db): Promise<Figures> {
  const { redis, keys } = db
  const [waiting, scheduled, running, owedArchives, firstDue, firstScheduled, totals, files, owedBlobs, memory, webhooks, time] = await Promise.all([
    redis.zcard(keys.due), redis.zcard(keys.scheduled), redis.zcard(keys.running), redis.zcard(keys.owedArchive),
    redis.zrange(keys.due, 0, '0', 'WITHSCORES'), redis.zrange(keys.scheduled, 0, '0', 'WITHSCORES'),
    redis.hgetall(keys.totals), redis.hgetall(keys.fileTotals), redis.zcard(keys.owedBlobs), readMemory(db), readWebhookFigures(db), redis.time(),
  ])
  const nowMs = Number(time[0]) * 1000 + Number(time[1]) / 1000
  const waitOf = ([, since]: string[]) => since === undefined ? 0 : Math.max(0, nowMs - Number(since)) // where no worker lives, nobody has released what is due
  const { accepted = '0', ...ended } = totals
  return {
    queue: { waiting, scheduled, running },
    oldestWaitMs: Math.max(waitOf(firstDue), waitOf(firstScheduled)),
    owedArchives,
    accepted: Number(accepted),
    ended: readEnds(ended),
    webhooks,
    files: { count: Number(files['files'] ?? 0), bytes: Number(files['bytes'] ?? 0), owedBlobs },
    memoryBytes: { used: memory.usedBytes, max: memory.maxBytes },
  }
}
