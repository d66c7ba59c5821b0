/** Keeps everything it makes: the memory limit ends it. */
export default function hoard (): never {
  const kept: number[][] = []
  for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => i + kept.length))
}
