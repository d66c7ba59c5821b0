import { readSync } from 'node:fs'

/** Answers a function that reads ranges of an open file, end exclusive. It works where Node's permissions allow no path any more. */
export function readDescriptor (descriptor: number): (start: number, end: number) => Buffer<ArrayBuffer> {
  return (start, end) => {
    const bytes = Buffer.from(new ArrayBuffer(end - start))
    let filled = 0
    while (filled < bytes.length) {
      const read = readSync(descriptor, bytes, filled, bytes.length - filled, start + filled)
      if (read === 0) throw new Error(`Cannot read archive: it ends ${bytes.length - filled} bytes too early`)
      filled += read
    }
    return bytes
  }
}
