/** What a follower follows, and how often it is there. */
export interface FollowOrder {
  url: string
  key: string
  jobId: string
  /** Connections, each with a follower of its own. */
  viewers: number
}

/** Hears whole pieces of what a follower was sent, as text; which of them it was, counted from 0. */
export type Hear = (viewer: number, text: string) => void

/** Opens the connections, some at a time; resolves when all of them follow. They end with the process. */
export type Follow = (order: FollowOrder, hear: Hear) => Promise<void>

/** Connections that are being made at one time: no more than a listener's backlog takes. */
const AT_ONCE = 50

/** Does something once for each viewer, some at a time. */
export async function forEachViewer (viewers: number, open: (viewer: number) => Promise<void>): Promise<void> {
  let next = 0
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, viewers) }, async () => { while (next < viewers) await open(next++) }))
}
