import { PoolFigures } from '../core/pool-figures.ts'
import type { Db } from './db.ts'
import { loadScript, runScript } from './script.ts'
import { readTime } from './time.ts'

const SCRIPT = loadScript(new URL('pools.lua', import.meta.url))

/** Workers that are there, and the runner processes of all of them. */
export interface Pools {
  workers: number
  runners: PoolFigures
}

/** Says what runners a worker has, which is believed for so many milliseconds; 0 when it leaves. */
export async function reportPool (db: Db, worker: string, figures: PoolFigures, aliveMs: number): Promise<void> {
  await runScript(db, SCRIPT, [worker, aliveMs, JSON.stringify(figures)])
}

/** Reads what workers said lately. One that another version has told in another way is counted, and its runners are not. */
export async function readPools (db: Db): Promise<Pools> {
  const [said, now] = await Promise.all([db.redis.hgetall(db.keys.pools), readTime(db)])
  const alive = Object.values(said).filter((text) => Number.parseInt(text, 10) > now)
  const runners = { least: 0, most: 0, starting: 0, idle: 0, busy: 0, retiring: 0 }
  for (const text of alive) {
    const { data } = PoolFigures.safeParse(JSON.parse(text.slice(text.indexOf(' '))))
    if (data) for (const [name, count] of Object.entries(data)) runners[name as keyof PoolFigures] += count // the schema's own names
  }
  return { workers: alive.length, runners }
}
