import type { Scope } from '../helpers/scope.ts'
import { FAULTS } from './faults.ts'
import { Ledger, type Tally } from './ledger.ts'
import { createRandom, drawFrom } from '../helpers/seeded-random.ts'
import { startWorld, type World } from './world.ts'

/** How things are broken. */
export interface Breakage {
  faults: number
  seed: number
  /** Part of the names of the faults to choose from; all of them without it. */
  only?: string | undefined
  /** Hears of every fault before it happens, and of how many jobs have ended. */
  onFault? (name: string, ended: number): void
}

export interface ChaosOptions extends Breakage {
  jobs: number
  workers: number
}

/** Plays jobs while it breaks things, one after another, spread over the load. Answers the accounts, which must be clean: it throws where they are not. */
export async function runChaos (scope: Scope, { jobs, workers, ...breakage }: ChaosOptions): Promise<Tally> {
  const world = await startWorld(scope, workers)
  const ledger = new Ledger(world)
  let done = 0
  // Not further than to the next fault, so that none meets a service without work.
  const load = ledger.play(jobs, { random: createRandom(breakage.seed), mayPost: (index) => index < jobs / breakage.faults * (done + 1) })
  await Promise.all([load, breakThings(world, { ...breakage, load, total: jobs, ended: () => ledger.ended, onDone: () => { done += 1 } })])
  return ledger.settle()
}

export interface BreakageUnderLoad extends Breakage {
  /** Names of faults to choose from, some perhaps more than once; all of them without it. */
  names?: readonly string[]
  /** What is going on meanwhile; when it is over, the faults that are left come one right after another. */
  load: Promise<unknown>
  total: number
  /** How many of the total have ended. */
  ended (): number
  onDone? (): void
}

/** Breaks things, one after another, each when its part of the load has ended. */
export async function breakThings (world: World, { faults, seed, only = '', names = Object.keys(FAULTS), load, total, ended, onFault, onDone }: BreakageUnderLoad): Promise<void> {
  const random = createRandom(seed + 1)
  const all = names.filter((name) => name.includes(only))
  let deck: string[] = []
  let isOver = false
  const over = load.finally(() => { isOver = true })
  over.catch(() => {}) // it may fail while a fault is under way: whoever waits for the load hears of it
  for (let done = 0; done < faults; done++) {
    await Promise.race([over, reach(Math.floor(total / faults * (done + random() / 2)))])
    if (deck.length === 0) deck = [...all]
    const name = drawFrom(deck, random)
    deck.splice(deck.indexOf(name), 1) // none comes twice before all have come
    onFault?.(name, ended())
    await FAULTS[name]?.(world, random)
    onDone?.()
  }

  /** Polls: somebody counts, and nothing else waits for it. */
  async function reach (mark: number): Promise<void> {
    while (!isOver && ended() < mark) await new Promise((resolve) => { setTimeout(resolve, 20) })
  }
}
