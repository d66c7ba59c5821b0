/** The value below which that share of the others lies, from 0 to 1, interpolated between neighbours. Throws a RangeError for no values. */
export function percentile (values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const position = (sorted.length - 1) * share
  const below = sorted[Math.floor(position)]
  const above = sorted[Math.ceil(position)]
  if (below === undefined || above === undefined) throw new RangeError('Cannot take a percentile of no values')
  return below + (above - below) * (position % 1)
}

/** The value in the middle. Throws a RangeError for no values. */
export function median (values: readonly number[]): number {
  return percentile(values, 0.5)
}

/** Adds up, by name, the values of several sets. */
export function sumByName (sets: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const set of sets) {
    for (const [name, value] of Object.entries(set)) sums[name] = (sums[name] ?? 0) + value
  }
  return sums
}
