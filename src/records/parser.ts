/** Makes lines of JSON of the bytes of one format, for a BatchBuilder. */
export interface RecordParser {
  /**
   * Reads a piece, whose first byte is the source's byte `position`, from `offset` on: until it ends, or until the builder is full. Answers where it stopped;
   * what it was in the middle of goes on with the next piece. Throws a RecordError where nothing behind can be read.
   */
  parse (piece: Buffer, offset: number, position: number): number
  /** The source ends, at this byte. Throws a RecordError where it may not. */
  end (position: number): void
}
