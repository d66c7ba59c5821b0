/** Digits that a number of JavaScript keeps whatever they are. Source: DBL_DIG of IEEE 754's binary64. */
const DIGITS_MAX = 15
/** Longest text that can be a value: the digits, a sign, a point, and the two quotes around. */
const TEXT_MAX_BYTES = DIGITS_MAX + 4
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/
const NULL = Buffer.from('null')

/** Tells whether a text of CSV without quotes is read as a value where types are asked for: nothing, true, false, or a number that keeps all of its digits. */
export function isTyped (text: string): boolean {
  if (text === '' || text === 'true' || text === 'false') return true
  return text.length <= TEXT_MAX_BYTES && NUMBER.test(text) && text.replace(/\D/g, '').length <= DIGITS_MAX && !(text.startsWith('-') && Number(text) === 0)
}

/** Makes the text of JSON between two bytes the value that it is written like, if it is; answers where the next byte goes. */
export function typeField (bytes: Buffer, start: number, end: number): number {
  if (end - start > TEXT_MAX_BYTES) return end
  const first = bytes[start + 1] ?? 0
  if (first > 0x39 && first !== 0x66 && first !== 0x74) return end // neither a digit nor a sign nor f nor t
  if (end - start === 2) return start + NULL.copy(bytes, start)
  if (!isTyped(bytes.toString('latin1', start + 1, end - 1))) return end
  bytes.copyWithin(start, start + 1, end - 1)
  return end - 2
}
