import type { Db } from './db.ts'

/**
 * Milliseconds of the Unix epoch by Redis's clock: the one that deadlines, delays and retention are compared by, since the clocks of API and
 * workers may be apart by any amount.
 */
export async function readTime ({ redis }: Pick<Db, 'redis'>): Promise<number> {
  const [seconds, micros] = await redis.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
