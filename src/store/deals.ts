import type { Priority } from '../core/job-request.ts'
import type { TurnRef } from './moves/begin.ts'
import { readNumber, readText } from './moves/reply.ts'
import type { Reply } from './script.ts'

/** A message to be given to the queue. */
export interface DispatchRef extends TurnRef {
  priority: Priority
  /** When it is due, or was. */
  runAtMs: number
}

/** As the moves count priorities: the first is served first. */
const LEVELS = ['critical', 'high', 'normal', 'low'] as const satisfies Priority[]
const ITEMS_PER_DEAL = 4

/** Number of a priority's list in the store. */
export function levelOf (priority: Priority): number {
  return LEVELS.indexOf(priority)
}

/** Reads what a move handed out, from that item of its answer on: the caller is to send these messages. */
export function readDeals (reply: Reply, from: number): DispatchRef[] {
  const count = Array.isArray(reply) ? Math.floor((reply.length - from) / ITEMS_PER_DEAL) : 0
  return Array.from({ length: count }, (_, index) => {
    const at = from + index * ITEMS_PER_DEAL
    return { jobId: readText(reply, at), turn: readNumber(reply, at + 1), priority: priorityAt(readNumber(reply, at + 2)), runAtMs: readNumber(reply, at + 3) }
  })
}

/** The priority of a list; of one that this version does not know, the lowest. */
export function priorityAt (level: number): Priority {
  return LEVELS[level] ?? 'low'
}
