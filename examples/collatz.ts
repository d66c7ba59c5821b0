/** A small job: how many steps of "halve if even, else triple and add one" lead from a number to 1. */
export default function steps (start: number): number {
  let count = 0
  for (let n = start; n !== 1; count++) n = n % 2 === 0 ? n / 2 : 3 * n + 1
  return count
}
