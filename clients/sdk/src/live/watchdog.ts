/** Calls once when nothing was heard for so long. */
export interface Watchdog {
  /** Something was heard. From now on it may be silent for that long, if it is said. */
  feed (ms?: number): void
  stop (): void
}

/** Hearing something is cheap: the timer looks when it was, instead of being set anew each time. */
export function createWatchdog (ms: number, onSilence: () => void): Watchdog {
  let within = ms
  let heardAt = Date.now()
  let timer: ReturnType<typeof setTimeout>
  const look = () => {
    const left = heardAt + within - Date.now()
    if (left > 0) timer = setTimeout(look, left)
    else onSilence()
  }
  timer = setTimeout(look, within)
  return {
    feed (newMs = within) {
      heardAt = Date.now()
      if (newMs === within) return
      within = newMs
      clearTimeout(timer)
      timer = setTimeout(look, within)
    },
    stop: () => clearTimeout(timer),
  }
}
