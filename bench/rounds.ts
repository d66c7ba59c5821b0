import { median } from './statistics.ts'

/** A subject against its baseline. */
export interface Compared {
  /** Median over the rounds of subject ÷ baseline. */
  ratio: number
  /** Medians of the two. */
  subject: number
  baseline: number
}

/**
 * Measures a subject and its baseline in turn, the order changing from round to round, and takes medians: on a machine that others
 * use, two figures can only be compared when they were taken right after another.
 */
export async function compareInRounds (rounds: number, subject: () => Promise<number>, baseline: () => Promise<number>): Promise<Compared> {
  const pairs: { subject: number, baseline: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) {
      const first = await baseline()
      pairs.push({ baseline: first, subject: await subject() })
    } else {
      const first = await subject()
      pairs.push({ subject: first, baseline: await baseline() })
    }
  }
  return {
    ratio: median(pairs.map((pair) => pair.subject / pair.baseline)),
    subject: median(pairs.map((pair) => pair.subject)),
    baseline: median(pairs.map((pair) => pair.baseline)),
  }
}
