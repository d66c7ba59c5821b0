/** Draws numbers from [0, 1) that are the same for the same seed. Source: mulberry32, by Tommy Ettinger, public domain. */
export function createRandom (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Draws one of a list. */
export function drawFrom<T> (list: readonly T[], random: () => number): T {
  const drawn = list[Math.floor(random() * list.length)]
  if (drawn === undefined) throw new RangeError('Cannot draw: the list is empty')
  return drawn
}
