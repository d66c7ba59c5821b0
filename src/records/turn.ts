import { setImmediate } from 'node:timers/promises'

/** How long others wait at most, about, while something goes on that always has more to do. */
const TURN_MS = 2

/** Lets others have a turn when it is time. */
export class Turn {
  #ends = performance.now() + TURN_MS

  async take (): Promise<void> {
    if (performance.now() < this.#ends) return
    await setImmediate()
    this.#ends = performance.now() + TURN_MS
  }
}
