import type { Scope } from '../helpers/scope.ts'
import { FAULTS } from './faults.ts'
import { Ledger, type Tally } from './ledger.ts'
import { createRandom, drawFrom } from '../helpers/seeded-random.ts'
import { startWorld } from './world.ts'

export interface ChaosOptions {
  jobs: number
  faults: number
  workers: number
  seed: number
  /** Part of the names of the faults to choose from; all of them without it. */
  only?: string | undefined
  /** Hears of every fault before it happens, and of how many jobs have ended. */
  onFault? (name: string, ended: number): void
}

/** Plays jobs while it breaks things, one after another, spread over the load. Answers the accounts, which must be clean: it throws where they are not. */
export async function runChaos (scope: Scope, { jobs, faults, workers, seed, only = '', onFault }: ChaosOptions): Promise<Tally> {
  const world = await startWorld(scope, workers)
  const ledger = new Ledger(world)
  let done = 0
  const perFault = jobs / faults
  // Not further than to the next fault, so that none meets a service without work.
  const load = ledger.play(jobs, { random: createRandom(seed), mayPost: (index) => index < perFault * (done + 1) })
  const broke = breakThings()
  await Promise.all([load, broke])
  return ledger.settle()

  async function breakThings (): Promise<void> {
    const random = createRandom(seed + 1)
    const all = Object.keys(FAULTS).filter((name) => name.includes(only))
    let deck: string[] = []
    for (; done < faults; done++) {
      await Promise.race([load, reach(Math.floor(perFault * (done + random() / 2)))])
      if (deck.length === 0) deck = [...all]
      const name = drawFrom(deck, random)
      deck = deck.filter((each) => each !== name) // none comes twice before all have come
      onFault?.(name, ledger.ended)
      await FAULTS[name]?.(world, random)
    }
  }

  /** Polls: the ledger counts, and nothing else waits for it. */
  async function reach (ended: number): Promise<void> {
    while (ledger.ended < ended) await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}
