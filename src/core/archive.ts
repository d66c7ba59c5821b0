// Texts, each with what V8 compiled of it, in one file that is read piece by piece. Layout: the length of the index as a 32-bit big-endian
// number, the index as JSON, and the pieces one after another.

const LENGTH_BYTES = 4

export interface ArchivedScript {
  text: string
  /** V8's code cache of it, where there is one. */
  cache: Uint8Array<ArrayBuffer> | undefined
}

/** Bytes of a piece, from the first behind the index on; end exclusive. */
type Span = readonly [start: number, end: number]

interface Index {
  scripts: Record<string, { text: Span, cache: Span | null }>
  meta: unknown
}

export interface Archive {
  /** What was put in beside the scripts: JSON. */
  readonly meta: unknown
  readonly names: readonly string[]
  /** Reads one script; undefined for a name that is not there. */
  read (name: string): ArchivedScript | undefined
}

/** Writes an archive. `meta` must be JSON. */
export function packArchive (scripts: ReadonlyMap<string, { text: string, cache?: Uint8Array | undefined }>, meta: unknown): Buffer {
  const pieces: Uint8Array[] = []
  let at = 0
  const add = (piece: Uint8Array): Span => {
    pieces.push(piece)
    const span = [at, at + piece.length] as const
    at = span[1]
    return span
  }
  const index: Index = { scripts: Object.fromEntries([...scripts].map(([name, { text, cache }]) => [name, { text: add(Buffer.from(text)), cache: cache ? add(cache) : null }])), meta }
  const head = Buffer.from(JSON.stringify(index))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, ...pieces])
}

/** Opens an archive of ours. `readAt` answers all bytes of a range of it, end exclusive. */
export function openArchive (readAt: (start: number, end: number) => Buffer<ArrayBuffer>): Archive {
  const start = LENGTH_BYTES + readAt(0, LENGTH_BYTES).readUInt32BE()
  const { scripts, meta } = JSON.parse(readAt(LENGTH_BYTES, start).toString()) as Index // our own format
  const readSpan = (span: Span) => readAt(start + span[0], start + span[1])
  return {
    meta,
    names: Object.keys(scripts),
    read (name) {
      const entry = Object.hasOwn(scripts, name) ? scripts[name] : undefined
      return entry && { text: readSpan(entry.text).toString(), cache: entry.cache ? readSpan(entry.cache) : undefined }
    },
  }
}
