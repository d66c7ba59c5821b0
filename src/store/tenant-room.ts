import { readNumber, readText } from './moves/reply.ts'
import type { Reply } from './script.ts'

/** How much a tenant may have at one time; any number of what is not named. */
export interface RoomBounds {
  /** Jobs that are queued or scheduled. */
  jobsWaiting?: number | undefined
  /** Bytes of what jobs were posted with, of their results, histories and code, as they are stored. */
  storedBytes?: number | undefined
  /** Pieces of code, each counted once however many jobs have it. */
  codes?: number | undefined
  /** Idempotency keys that are remembered, give or take one part in 24. */
  idempotencyKeys?: number | undefined
}

export type RoomBound = keyof RoomBounds

/** A bound that the tenant has reached, and how much of it there is. */
export interface ReachedBound {
  bound: RoomBound
  observed: number
  /** The bound, where an administrator set it for this tenant. */
  own: number | null
}

/** Bounds as the moves take them. */
export function writeRoomBounds ({ jobsWaiting, storedBytes, codes, idempotencyKeys }: RoomBounds): string {
  return [jobsWaiting, storedBytes, codes, idempotencyKeys].map((limit) => limit ?? '-').join(' ')
}

/** Reads what a move answers after `full`. */
export function readReachedBound (reply: Reply): ReachedBound {
  const own = readNumber(reply, 3)
  return { bound: readText(reply, 1) as RoomBound, observed: readNumber(reply, 2), own: own < 0 ? null : own } // usage.lua has these
}
