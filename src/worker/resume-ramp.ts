import { setTimeout as delay } from 'node:timers/promises'

/** The first caller after an outage goes on at a moment within that time, drawn at random: other workers have others. */
const SPREAD_MS = 1000
/** About the time from one caller to the next. */
const STEP_MS = 50
/** How long after the first caller others are let in one by one. */
const RAMP_MS = 1000

export interface ResumeRamp {
  /** An outage is over. */
  restart (): void
  /** Resolves when it is the caller's turn: at once, unless an outage was over just now. */
  whenAdmitted (): Promise<void>
}

/** Lets what waited for the end of an outage in one after another, from a moment on that differs between processes. `random` draws from [0, 1). */
export function createResumeRamp (random: () => number = Math.random): ResumeRamp {
  /** Readings of the steady clock. */
  let nextAt = 0
  let overAt = 0
  return {
    restart () {
      nextAt = performance.now() + SPREAD_MS * random()
      overAt = nextAt + RAMP_MS
    },
    async whenAdmitted () {
      const now = performance.now()
      if (now >= overAt) return
      const at = Math.max(now, nextAt)
      nextAt = at + STEP_MS * (0.5 + random())
      await delay(Math.min(at, overAt) - now) // who is still in line when the ramp is over waits no longer
    },
  }
}
