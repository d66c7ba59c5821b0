import type { Reply } from '../script.ts'

/** Reads one item of a script's answer as bytes. Throws a TypeError where the script gave something else. */
export function readBytes (reply: Reply | undefined, index: number): Buffer {
  const item = Array.isArray(reply) ? reply[index] : undefined
  if (Buffer.isBuffer(item)) return item
  throw new TypeError(`Cannot read item ${index} of a script's answer: it is ${item === null ? 'nil' : typeof item}`)
}

/** Reads one item as text. */
export function readText (reply: Reply | undefined, index: number): string {
  return readBytes(reply, index).toString()
}

/** Reads one item as a number, whether the script gave a number or its digits. */
export function readNumber (reply: Reply | undefined, index: number): number {
  const item = Array.isArray(reply) ? reply[index] : undefined
  return typeof item === 'number' ? item : Number(readText(reply, index))
}
