/** How far past its deadline a run is before the reaper takes it for lost. */
export const OVERDUE_GRACE_MS = 10_000
