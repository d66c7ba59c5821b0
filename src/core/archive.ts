// Texts, each with what V8 compiled of it, in one file that is read piece by piece. Layout: the length of the index as a 32-bit big-endian
// number, the index as JSON, and the pieces one after another.

const LENGTH_BYTES = 4

export interface ArchivedScript {
  text: string
  /** V8's code cache of it, where there is one. */
  cache: Uint8Array<ArrayBuffer> | undefined
}

/** Bytes of a script and of its cache behind it, from the first behind the index on; ends are exclusive. Where there is no cache, they are the same. */
type Span = readonly [start: number, textEnd: number, cacheEnd: number]

interface Index {
  scripts: Record<string, Span>
  /** The bytes of what was put in beside the scripts. */
  meta: readonly [start: number, end: number]
}

/** Reads nothing before it is asked for something. */
export interface Archive {
  /** What was put in beside the scripts: JSON, parsed each time. */
  readMeta (): unknown
  readonly names: readonly string[]
  /** Reads one script; undefined for a name that is not there. */
  read (name: string): ArchivedScript | undefined
}

/** Writes an archive. `meta` must be JSON. */
export function packArchive (scripts: ReadonlyMap<string, { text: string, cache?: Uint8Array | undefined }>, meta: unknown): Buffer {
  const pieces: Uint8Array[] = []
  let at = 0
  const add = (piece: Uint8Array): number => {
    pieces.push(piece)
    at += piece.length
    return at
  }
  const spans = [...scripts].map(([name, { text, cache }]) => [name, [at, add(Buffer.from(text)), add(cache ?? new Uint8Array())]] as const)
  const index: Index = { scripts: Object.fromEntries(spans), meta: [at, add(Buffer.from(JSON.stringify(meta)))] }
  const head = Buffer.from(JSON.stringify(index))
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, ...pieces])
}

/** Opens an archive of ours. `readAt` answers all bytes of a range of it, end exclusive. */
export function openArchive (readAt: (start: number, end: number) => Buffer<ArrayBuffer>): Archive {
  let known: Index & { start: number } | undefined

  function readIndex (): Index & { start: number } {
    const start = LENGTH_BYTES + readAt(0, LENGTH_BYTES).readUInt32BE()
    return { start, ...JSON.parse(readAt(LENGTH_BYTES, start).toString()) as Index } // our own format
  }

  return {
    readMeta () {
      const { start, meta } = known ??= readIndex()
      return JSON.parse(readAt(start + meta[0], start + meta[1]).toString()) as unknown
    },
    get names () {
      return Object.keys((known ??= readIndex()).scripts)
    },
    read (name) {
      const { start, scripts } = known ??= readIndex()
      const span = Object.hasOwn(scripts, name) ? scripts[name] : undefined
      if (span === undefined) return undefined
      const [begin, textEnd, cacheEnd] = span
      return { text: readAt(start + begin, start + textEnd).toString(), cache: textEnd === cacheEnd ? undefined : readAt(start + textEnd, start + cacheEnd) }
    },
  }
}
