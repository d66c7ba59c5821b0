import { availableParallelism } from 'node:os'
import type { PoolFigures } from '../core/pool-figures.ts'

/** Runs at one time, for an operator who does not say. */
export const LANES = { least: 2, most: 8 } as const

/** How many runner processes there are between what lanes and spares need at the most, and nothing to do. */
export interface PoolSettings {
  /** Kept however little there is to do. */
  least: number
  /** Those that nobody needed for so long are ended. */
  idleMs: number
  /** How often idle ones are looked over: for their number, their age and their memory. */
  checkMs: number
  /** Ends each after one run. */
  fresh: boolean
}

/** For an operator who does not say. */
export const DEFAULT_POOL: PoolSettings = Object.freeze({ least: 2, idleMs: 120_000, checkMs: 30_000, fresh: false })

/** Runs at one time, for a machine whose operator does not say: one for each processor. */
export function defaultLanes (): number {
  return Math.min(LANES.most, Math.max(LANES.least, availableParallelism()))
}

/** Counts runners by their states. */
export function countStates (states: readonly (keyof PoolFigures)[], { least, most }: Pick<PoolFigures, 'least' | 'most'>): PoolFigures {
  const figures = { least, most, starting: 0, idle: 0, busy: 0, retiring: 0 }
  for (const state of states) figures[state] += 1
  return figures
}
