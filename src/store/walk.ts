import type { Db } from './db.ts'

/** Where a walk over jobs stands: jobs are in the order of the time they were made, and those of one millisecond in that of their ids. */
export interface Position {
  createdAt: number
  id: string
}

export interface IndexPage {
  /** Milliseconds of the Unix epoch, both included. */
  since?: number | undefined
  until?: number | undefined
  /** The last that was seen. */
  at: Position | undefined
  count: number
  oldestFirst?: boolean
}

/** Reads the next members of an index of jobs, at most that many. `isLast` when none follow. */
export async function readIndex (db: Db, index: string, page: IndexPage): Promise<{ positions: Position[], isLast: boolean }> {
  // However many were made within one millisecond, those that were seen are passed.
  for (let offset = 0; ; offset += page.count) {
    const found = await readRange(db, index, page, offset)
    const positions = found.filter((position) => isAhead(position, page))
    const isLast = found.length < page.count
    if (positions.length > 0 || isLast) return { positions, isLast }
  }
}

async function readRange ({ redis }: Db, index: string, { since, until, at, count, oldestFirst = false }: IndexPage, offset: number): Promise<Position[]> {
  const min = Math.max(since ?? -Infinity, (oldestFirst ? at?.createdAt : undefined) ?? -Infinity)
  const max = Math.min(until ?? Infinity, (oldestFirst ? undefined : at?.createdAt) ?? Infinity)
  const [from, to] = [Number.isFinite(min) ? min : '-inf', Number.isFinite(max) ? max : '+inf']
  const flat = oldestFirst
    ? await redis.zrangebyscore(index, from, to, 'WITHSCORES', 'LIMIT', offset, count)
    : await redis.zrevrangebyscore(index, to, from, 'WITHSCORES', 'LIMIT', offset, count)
  return Array.from({ length: flat.length / 2 }, (_, i) => ({ id: flat[2 * i] ?? '', createdAt: Number(flat[2 * i + 1]) }))
}

function isAhead ({ createdAt, id }: Position, { at, oldestFirst = false }: IndexPage): boolean {
  if (!at) return true
  const order = createdAt - at.createdAt || (id < at.id ? -1 : Number(id > at.id))
  return oldestFirst ? order > 0 : order < 0
}

/** Writes a position as text, for a cursor or for the next step. */
export function formatPosition ({ createdAt, id }: Position): string {
  return `${createdAt} ${id}`
}

/** Reads what `formatPosition` wrote; undefined for any other text. */
export function parsePosition (text: string): Position | undefined {
  const [, createdAt, id] = /^(\d{1,15}) (\S{1,64})$/.exec(text) ?? []
  return createdAt === undefined || id === undefined ? undefined : { createdAt: Number(createdAt), id }
}
