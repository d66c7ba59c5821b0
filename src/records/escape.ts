const CODES = { quote: 0x22, backslash: 0x5c, u: 0x75, zero: 0x30, space: 0x20 } as const
const SHORT: ReadonlyMap<number, number> = new Map(Array.from('\b\f\n\r\t', (char, index) => [char.charCodeAt(0), 'bfnrt'.charCodeAt(index)]))
const HEX = Buffer.from('0123456789abcdef')

/** Bytes of JSON that one byte of text may take. */
export const ESCAPED_MAX_BYTES = 6

/** Whether a byte of text cannot be in a text of JSON as it is. */
export function isEscaped (byte: number): boolean {
  return byte < CODES.space || byte === CODES.quote || byte === CODES.backslash
}

/** Writes such a byte as JSON has it; answers where the next one goes. */
export function writeEscaped (byte: number, target: Buffer, at: number): number {
  target[at++] = CODES.backslash
  const short = isEscaped(byte) && byte >= CODES.space ? byte : SHORT.get(byte)
  if (short !== undefined) {
    target[at++] = short
    return at
  }
  target[at++] = CODES.u
  target[at++] = CODES.zero
  target[at++] = CODES.zero
  target[at++] = HEX[byte >> 4] ?? 0
  target[at++] = HEX[byte & 0xf] ?? 0
  return at
}
