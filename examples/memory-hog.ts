/** Keeps everything it makes: the memory limit ends it. */
export default function hoard (): never {
  const kept: number[][] = []
  for (;;) kept.push(new Array<number>(10_000).fill(kept.length))
}
