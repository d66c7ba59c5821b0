import { DELIVERY_ENDS, TRY_OUTCOMES, type Figures } from '../../core/figures.ts'
import type { Db } from '../db.ts'
import { readTime } from '../time.ts'

/** Reads what is told of the webhooks of the whole service. */
export async function readWebhookFigures (db: Db): Promise<Figures['webhooks']> {
  const { redis, keys } = db
  const [pending, scheduled, sending, resting, [, firstGivenUp], giveUpMs, totals, now] = await Promise.all([
    redis.zcard(keys.webhookPending), redis.zcard(keys.webhookScheduled), redis.zcard(keys.webhookLeases),
    redis.zcount(keys.webhookHeld, '-inf', '(+inf'), redis.zrange(keys.webhookPending, 0, '0', 'WITHSCORES'), redis.hget(keys.webhookBounds, 'giveUpMs'), redis.hgetall(keys.webhookTotals), readTime(db),
  ])
  const count = <T extends string>(names: readonly T[], prefix = '') => Object.fromEntries(names.map((name) => [name, Number(totals[prefix + name] ?? 0)])) as Record<T, number> // of each
  return {
    deliveries: { waiting: Math.max(0, pending - scheduled - sending), scheduled, sending },
    oldestMs: firstGivenUp === undefined ? 0 : Math.max(0, now + Number(giveUpMs ?? 0) - Number(firstGivenUp)),
    resting,
    tries: count(TRY_OUTCOMES, 'try:'),
    ended: count(DELIVERY_ENDS),
  }
}
