/** Never ends by itself: the CPU limit ends it. */
export default function spin (): never {
  let turns = 0
  for (;;) turns++
}
