/** A log budget split in two: a head that is kept as it comes, and a tail that a ring keeps for the end. */
export interface LogBudget {
  headLines: number
  headBytes: number
  tailLines: number
  tailBytes: number
}

const TAIL_SHARE = 0.1

/** Splits what a job may keep of its logs: nine tenths for the head, one for the tail. */
export function splitLogBudget (limits: { logLines: number, logBytes: number }): LogBudget {
  const tailLines = Math.floor(limits.logLines * TAIL_SHARE)
  const tailBytes = Math.floor(limits.logBytes * TAIL_SHARE)
  return { headLines: limits.logLines - tailLines, headBytes: limits.logBytes - tailBytes, tailLines, tailBytes }
}
