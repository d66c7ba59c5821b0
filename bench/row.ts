/** `ratio` compares two figures of one run on one machine; every other unit only holds for the machine that it was measured on. */
export type Unit = 'ratio' | 'per second' | 'ms' | 'MB' | 'bytes'

/** What a figure has to reach; the value itself is enough. */
export interface Target {
  type: 'at least' | 'at most'
  value: number
}

/** One thing that was measured. */
export interface Figure {
  name: string
  value: number
  unit: Unit
  /** What it has to reach; without one it is context. */
  target?: Target
}

/** What a row is given. */
export interface Bench {
  /** Whether the heavy parts are wanted too. */
  full: boolean
  /** Folder of the project. */
  root: string
  /** Aborted when the bench is asked to stop. */
  signal: AbortSignal
  /** Folder that the API and the worker write their CPU profiles to. */
  profileFolder: string | undefined
  /** Tells what goes on. */
  note (line: string): void
}

/** One row of the bench. It stops everything that it started before it answers. */
export interface Row {
  id: string
  title: string
  measure (bench: Bench): Promise<Figure[]>
}

/** Tells whether a figure reaches its target; undefined for one that has none. */
export function isMet ({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined
  return target.type === 'at least' ? value >= target.value : value <= target.value
}
