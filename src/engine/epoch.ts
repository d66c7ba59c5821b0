/** Milliseconds of the Unix epoch with fractions, by the steady clock: two of them are never apart by a clock that was set. */
export function epochMs (): number {
  return performance.timeOrigin + performance.now()
}
