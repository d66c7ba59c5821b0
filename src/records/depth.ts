const CODES = { quote: 0x22, backslash: 0x5c, bit: 0x20, opens: 0x7b, closes: 0x7d } as const

/** Tells whether JSON goes deeper than that, without parsing it: what is no JSON is at most taken for deeper than it is. */
export function isDeeper (bytes: Buffer, { start, end, depth }: { start: number, end: number, depth: number }): boolean {
  if (end - start <= depth) return false
  // Most texts do not even have so many brackets, in or outside of strings: [ and { are one bit apart.
  let brackets = 0
  for (let index = start; index < end; index++) if (((bytes[index] ?? 0) | CODES.bit) === CODES.opens) brackets++
  return brackets > depth && isNestedDeeper(bytes, { start, end, depth })
}

function isNestedDeeper (bytes: Buffer, { start, end, depth }: { start: number, end: number, depth: number }): boolean {
  let nesting = 0
  let inText = false
  for (let index = start; index < end; index++) {
    const byte = bytes[index] ?? 0
    if (inText) {
      if (byte === CODES.backslash) index++
      else if (byte === CODES.quote) inText = false
    } else if (byte === CODES.quote) {
      inText = true
    } else if ((byte | CODES.bit) === CODES.opens) {
      if (++nesting > depth) return true
    } else if ((byte | CODES.bit) === CODES.closes) {
      nesting--
    }
  }
  return false
}
