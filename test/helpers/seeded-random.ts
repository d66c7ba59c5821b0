import { createHash } from 'node:crypto'

/** Draws numbers from [0, 1) that are the same for the same seed: SHA-256 of the seed and a count, read as a fraction. */
export function createRandom (seed: number): () => number {
  let count = 0
  return () => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32BE(0) / 2 ** 32
}

/** Draws one of a list. */
export function drawFrom<T> (list: readonly T[], random: () => number): T {
  const drawn = list[Math.floor(random() * list.length)]
  if (drawn === undefined) throw new RangeError('Cannot draw: the list is empty')
  return drawn
}
