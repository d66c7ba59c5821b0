import { RecordError } from '../core/records.ts'

const MAGIC = 0xfd2fb528
/** As it is written. */
export const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd])
/** Frames for the use of whoever wrote them: 16 magic numbers, and a length. */
const SKIPPABLE_MAGIC = 0x184d2a50
const SKIPPABLE_MASK = 0xfffffff0
const CHECKSUM_BYTES = 4
const BLOCK_HEADER_BYTES = 3
const BLOCK_MAX_BYTES = 131_072
const BLOCK = { raw: 0, rle: 1, reserved: 3 } as const
/** Bytes of a dictionary's id and of the size of the content, by the two bits that say so. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const HELD_MAX_BYTES = 16

type Part = 'magic' | 'skippable' | 'filling' | 'descriptor' | 'header' | 'block' | 'body' | 'checksum'

/** Up to where was walked, what of, and whether a frame is complete with it. */
export interface Walked {
  end: number
  part: 'magic' | 'skippable' | 'data'
  ended: boolean
}

/**
 * Walks through the frames of zstd data, from length to length, without decompressing: the decoder that Node has takes data for whole whose frames are
 * followed by something else, and says of nothing where it is. Source: RFC 8878.
 */
export class ZstdFrames {
  readonly #windowMaxBytes: number
  readonly #onFrame: (byte: number) => void
  readonly #held = Buffer.alloc(HELD_MAX_BYTES)
  #heldBytes = 0
  /** What the next bytes are, and how many of them have to be held before they can be read. */
  #part: Part = 'magic'
  #need = 4
  #skip = 0
  #descriptor = 0
  #lastBlock = false
  #isSkippable = false
  #position = 0
  #frameStart = 0

  constructor ({ windowLog, onFrame }: { windowLog: number, onFrame: (byte: number) => void }) {
    this.#windowMaxBytes = 2 ** windowLog
    this.#onFrame = onFrame
  }

  /**
   * Walks on in a piece, as far as to the end of a magic number or of a frame. Throws a RecordError where the bytes are not those of frames that may be
   * decompressed.
   */
  walk (piece: Buffer, offset: number): Walked {
    const part = this.#part === 'magic' ? 'magic' : this.#isSkippable ? 'skippable' : 'data'
    while (offset < piece.length) {
      const wanted = this.#skip > 0 ? this.#skip : this.#need - this.#heldBytes
      const bytes = Math.min(wanted, piece.length - offset)
      if (this.#skip > 0) this.#skip -= bytes
      else this.#heldBytes += piece.copy(this.#held, this.#heldBytes, offset, offset + bytes)
      offset += bytes
      this.#position += bytes
      while (this.#skip === 0 && this.#heldBytes === this.#need) {
        this.#read()
        if (part === 'magic' || this.#part === 'magic') return { end: offset, part, ended: part !== 'magic' }
      }
    }
    return { end: offset, part, ended: false }
  }

  /** The data ends here. Throws a RecordError where a frame does not. */
  end (): void {
    if (this.#part === 'magic' && this.#heldBytes === 0 && this.#position > 0) return
    if (this.#position === 0) throw new RecordError('the stored file is not zstd, but empty', { byte: 0 })
    throw this.#fault(`the stored file ends in a zstd frame, at byte ${this.#position}`, this.#position)
  }

  /** First byte of the frame that is walked through. */
  get frameStart (): number {
    return this.#frameStart
  }

  #read (): void {
    const held = this.#held.subarray(0, this.#heldBytes)
    this.#heldBytes = 0
    switch (this.#part) {
      case 'magic': return this.#readMagic(held.readUInt32LE())
      case 'skippable': return this.#expect('filling', 0, held.readUInt32LE())
      case 'filling': return this.#expect('magic', 4)
      case 'descriptor': return this.#readDescriptor(held.readUInt8())
      case 'header': return this.#readHeader(held)
      case 'block': return this.#readBlock(held.readUIntLE(0, BLOCK_HEADER_BYTES))
      case 'body': return this.#endBlock()
      case 'checksum': return this.#expect('magic', 4)
    }
  }

  #expect (part: Part, need: number, skip = 0): void {
    this.#part = part
    this.#need = need
    this.#skip = skip
  }

  #readMagic (magic: number): void {
    this.#frameStart = this.#position - 4
    if (magic !== MAGIC && (magic & SKIPPABLE_MASK) >>> 0 !== SKIPPABLE_MAGIC) {
      throw this.#fault(this.#frameStart === 0 ? 'the stored file is not zstd, at byte 0' : `something that is not zstd follows in the stored file, at byte ${this.#frameStart}`)
    }
    this.#onFrame(this.#frameStart)
    this.#isSkippable = magic !== MAGIC
    if (magic === MAGIC) this.#expect('descriptor', 1)
    else this.#expect('skippable', 4)
  }

  #readDescriptor (descriptor: number): void {
    if (descriptor & 0b1000) throw this.#fault(`the zstd frame at byte ${this.#frameStart} of the stored file has a header of no known kind`)
    this.#descriptor = descriptor
    this.#expect('header', (this.#isSingle ? 0 : 1) + this.#dictionaryBytes + this.#sizeBytes)
  }

  get #isSingle (): boolean {
    return (this.#descriptor & 0b10_0000) !== 0
  }

  get #dictionaryBytes (): number {
    return DICTIONARY_BYTES[this.#descriptor & 0b11] ?? 0
  }

  get #sizeBytes (): number {
    const flag = this.#descriptor >> 6
    return flag === 0 && this.#isSingle ? 1 : CONTENT_SIZE_BYTES[flag] ?? 0
  }

  #readHeader (header: Buffer): void {
    const windowBytes = this.#isSingle ? readSize(header.subarray(this.#dictionaryBytes)) : readWindow(header.readUInt8())
    if (windowBytes > this.#windowMaxBytes) throw this.#fault(`the zstd frame at byte ${this.#frameStart} of the stored file needs a window of ${windowBytes} bytes; at most ${this.#windowMaxBytes} are allowed (BATCHBOX_MAX_ZSTD_WINDOW_LOG)`)
    const dictionaryStart = this.#isSingle ? 0 : 1
    if (header.subarray(dictionaryStart, dictionaryStart + this.#dictionaryBytes).some((byte) => byte !== 0)) {
      throw this.#fault(`the zstd frame at byte ${this.#frameStart} of the stored file needs a dictionary; none can be given`)
    }
    this.#expect('block', BLOCK_HEADER_BYTES)
  }

  #readBlock (header: number): void {
    this.#lastBlock = (header & 1) === 1
    const type = (header >> 1) & 0b11
    const bytes = header >> 3
    if (type === BLOCK.reserved || bytes > BLOCK_MAX_BYTES) throw this.#fault(`the zstd frame at byte ${this.#frameStart} of the stored file is damaged: no block has the header before byte ${this.#position}`, this.#position)
    this.#expect('body', 0, type === BLOCK.rle ? 1 : bytes)
  }

  #endBlock (): void {
    if (!this.#lastBlock) this.#expect('block', BLOCK_HEADER_BYTES)
    else if (this.#descriptor & 0b100) this.#expect('checksum', CHECKSUM_BYTES)
    else this.#expect('magic', 4)
  }

  #fault (message: string, byte = this.#frameStart): RecordError {
    return new RecordError(message, { byte })
  }
}

/** Windows have a power of two and eighths of it. */
function readWindow (byte: number): number {
  const base = 2 ** (10 + (byte >> 3))
  return base + base / 8 * (byte & 0b111)
}

function readSize (bytes: Buffer): number {
  switch (bytes.length) {
    case 1: return bytes.readUInt8()
    case 2: return bytes.readUInt16LE() + 256 // what one byte can say is left out
    case 4: return bytes.readUInt32LE()
    default: return Number(bytes.readBigUInt64LE())
  }
}
