import { RecordError } from '../core/records.ts'

/** Stored bytes, taken in whatever portions a format has. */
export class StoredBytes {
  readonly #pieces: AsyncIterator<Buffer>
  /** What was read and not taken. */
  rest: Buffer = Buffer.alloc(0)
  /** Of the first byte that was not taken. */
  position = 0

  constructor (pieces: AsyncIterator<Buffer>) {
    this.#pieces = pieces
  }

  /** Makes sure that there is a rest; false at the end. */
  async fill (): Promise<boolean> {
    while (this.rest.length === 0) {
      const { value, done } = await this.#pieces.next()
      if (done === true) return false
      this.rest = value
    }
    return true
  }

  skip (bytes: number): void {
    this.rest = this.rest.subarray(bytes)
    this.position += bytes
  }

  /** Throws a RecordError where the source ends before. */
  async take (bytes: number, what: string): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let missing = bytes; missing > 0;) {
      if (!await this.fill()) throw new RecordError(`the stored file ends in ${what}, at byte ${this.position}`, { byte: this.position })
      const part = this.rest.subarray(0, missing)
      parts.push(part)
      missing -= part.length
      this.skip(part.length)
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
  }
}
