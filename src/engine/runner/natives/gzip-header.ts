import { crc32 } from 'node:zlib'
import { NativeError } from './native.ts'

const FIXED_BYTES = 10
const DEFLATE = 8
const FLAGS = { headerCrc: 2, extra: 4, name: 8, comment: 16, reserved: 0xe0 }

type Part = 'fixed' | 'extraLength' | 'extra' | 'name' | 'comment' | 'headerCrc' | 'end'
const NEXT: Readonly<Record<Part, Part>> = { fixed: 'extraLength', extraLength: 'extra', extra: 'name', name: 'comment', comment: 'headerCrc', headerCrc: 'end', end: 'end' }

/**
 * Reads the header of a gzip member as its bytes come, and keeps none but numbers of it. Node's own reader goes on to a second member by itself, which
 * the Compression standard forbids. Source: RFC 1952, section 2.3
 */
export class GzipHeader {
  #part: Part = 'fixed'
  #flags = 0
  /** Bytes of this part that were seen, and the number that its bytes make, the lowest first. */
  #seen = 0
  #number = 0
  #extraBytes = 0
  #crc = 0

  get isWhole (): boolean { return this.#part === 'end' }

  /** Answers how many of the bytes belong to the header. Throws a NativeError for what is none. */
  read (bytes: Buffer): number {
    let at = 0
    while (at < bytes.length && !this.isWhole) this.#readByte(bytes, at++)
    return at
  }

  #readByte (bytes: Buffer, at: number): void {
    const byte = bytes[at] ?? 0
    if (this.#part !== 'headerCrc') this.#crc = crc32(bytes.subarray(at, at + 1), this.#crc)
    this.#number += byte * 2 ** (8 * (this.#seen % 4))
    this.#seen++
    switch (this.#part) {
      case 'fixed':
        this.#checkFixed(byte)
        return this.#endAt(FIXED_BYTES)
      case 'extraLength':
        this.#extraBytes = this.#number
        return this.#endAt(2)
      case 'extra': return this.#endAt(this.#extraBytes)
      case 'name':
      case 'comment': return byte === 0 ? this.#enter(NEXT[this.#part]) : undefined
      case 'headerCrc':
        if (this.#seen === 2 && this.#number !== (this.#crc & 0xffff)) throw refuse('the checksum of its header is wrong')
        return this.#endAt(2)
      case 'end':
    }
  }

  #checkFixed (byte: number): void {
    if (this.#seen === 4) this.#flags = byte
    const expected = [0x1f, 0x8b, DEFLATE][this.#seen - 1]
    if (expected !== undefined && byte !== expected) throw refuse('it is not gzip')
    if (this.#seen === 4 && (byte & FLAGS.reserved) !== 0) throw refuse('its header has flags that are not known')
  }

  #endAt (bytes: number): void {
    if (this.#seen === bytes) this.#enter(NEXT[this.#part])
  }

  /** Begins a part, or the next one that is there. */
  #enter (part: Part): void {
    this.#part = part
    this.#seen = 0
    this.#number = 0
    if (!this.#has(part)) this.#enter(NEXT[part])
  }

  #has (part: Part): boolean {
    switch (part) {
      case 'extraLength': return (this.#flags & FLAGS.extra) !== 0
      case 'extra': return this.#extraBytes > 0
      case 'name': return (this.#flags & FLAGS.name) !== 0
      case 'comment': return (this.#flags & FLAGS.comment) !== 0
      case 'headerCrc': return (this.#flags & FLAGS.headerCrc) !== 0
      default: return true
    }
  }
}

function refuse (why: string): NativeError {
  return new NativeError('TypeError', `Cannot decompress: ${why}`)
}
