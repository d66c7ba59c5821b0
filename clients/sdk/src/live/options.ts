/** Members of a client's options that are about following what happens. */
export interface LiveOptions {}

/** How a topic is followed. */
export interface FollowOptions {
  /** Number of the last event already seen; without it, jobs and batches from the start. */
  after?: number | undefined
  signal?: AbortSignal | undefined
}
