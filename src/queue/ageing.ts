import type { Queue } from 'bullmq'
import { type Message, QUEUE_PRIORITY } from './messages.ts'

const LEVELS = Object.values(QUEUE_PRIORITY).sort((a, b) => a - b)

export interface Ageing {
  /** By Redis's clock, as the times of the messages are. */
  nowMs: number
  everyMs: number
  limit: number
}

/**
 * Raises messages that wait for a worker to the next priority, so that the lowest is served in the end however much comes above it: one
 * level for each `everyMs` that a message has waited. The oldest of each level come first, at most `limit` of each. Answers how many rose.
 */
export async function raiseOld (queue: Queue<Message>, { nowMs, everyMs, limit }: Ageing): Promise<number> {
  const counts = await queue.getCountsPerPriority(LEVELS)
  let before = 0
  let raised = 0
  for (const level of LEVELS) {
    const count = counts[level] ?? 0
    if (level > QUEUE_PRIORITY.critical && count > 0) {
      const oldest = await queue.getPrioritized(before, before + Math.min(count, limit) - 1)
      const due = oldest.filter(({ priority, timestamp, opts }) => {
        const waitedMs = nowMs - timestamp
        const risen = (opts.priority ?? level) - level
        return priority === level && waitedMs >= everyMs * (risen + 1)
      })
      await Promise.all(due.map((message) => message.changePriority({ priority: level - 1 })))
      raised += due.length
    }
    before += count
  }
  return raised
}
