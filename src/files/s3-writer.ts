import { randomBytes } from 'node:crypto'
import { JobError } from '../core/failures.ts'
import type { BucketSettings } from '../core/file-variables.ts'
import type { Extent } from '../core/file.ts'
import type { BlobWriter } from './blob-store.ts'
import type { S3Client } from './s3-client.ts'

const NAME_BYTES = 16
/** As large as an object gets, and what a writer holds in memory. */
const PIECE_BYTES = 8_388_608
const TAIL_BYTES = 65_536
/** Objects that are renewed, or removed, at one time. */
const AT_ONCE = 16

/** An object, and when it was written or renewed. */
interface Piece extends Extent {
  at: number
}

/**
 * Writes objects of what comes, for nothing can be appended to one. Each sync makes one of what came since the last; so that frequent ones leave few objects, it takes those before it in
 * that are less than twice as large, out of memory, as long as all are no more than one piece. So there are at most 24 small ones behind the large ones, and each byte is sent a few
 * times. The objects that were replaced are left to whoever commits: they may be what the last commit consists of. Source: O'Neil et al., The log-structured merge-tree (1996).
 */
export function createPieceWriter ({ client, settings, keyOf, renewMs, pieceBytes = PIECE_BYTES }: {
  client: S3Client
  settings: Pick<BucketSettings, 'bucket'>
  keyOf (blob: string): string
  /** Age of an object from which on a sync renews it. */
  renewMs: number
  pieceBytes?: number
}): BlobWriter {
  const large: Piece[] = []
  /** Of what is in memory, in its order; what came after the last of them is in none. */
  let small: Piece[] = []
  let tail = Buffer.allocUnsafeSlow(TAIL_BYTES)
  let used = 0
  /** Made, and in no answer of a sync. */
  const own = new Set<string>()

  async function put (body: Buffer): Promise<Piece> {
    const blob = randomBytes(NAME_BYTES).toString('hex')
    const at = performance.now()
    own.add(blob)
    await client.ask({ action: 'Cannot write to the store', method: 'PUT', key: keyOf(blob), body })
    return { blob, bytes: body.length, at }
  }

  /** Makes a large one of all that is in memory. */
  async function seal (): Promise<void> {
    const [first] = small
    large.push(first?.bytes === used ? first : await put(tail.subarray(0, used)))
    small = []
    used = 0
  }

  /** Has what came since the last sync be a piece. */
  async function flush (): Promise<void> {
    const isSynced = small.reduce((sum, { bytes }) => sum + bytes, 0)
    if (isSynced === used) return
    const kept = [...small]
    let from = isSynced
    for (let last = kept.at(-1); last && last.bytes < 2 * (used - from); last = kept.at(-1)) {
      from -= last.bytes
      kept.pop()
    }
    small = [...kept, await put(tail.subarray(from, used))]
  }

  /** What is about to be committed is no orphan, however long ago it was written: it is copied onto itself. Finds out that one is gone. */
  async function renew (piece: Piece): Promise<void> {
    const at = performance.now()
    const key = keyOf(piece.blob)
    const headers = { 'x-amz-copy-source': `/${settings.bucket}/${key}`, 'x-amz-metadata-directive': 'REPLACE' }
    await client.ask({ action: 'Cannot renew a blob of the store', method: 'PUT', key, headers }).catch((error: unknown) => {
      if (!(error instanceof JobError && error.code === 'FILE_GONE')) throw error
      throw new JobError('UNAVAILABLE', 'Cannot make a file of the store durable: it was removed meanwhile, for it was not committed for long', { cause: error })
    })
    piece.at = at
  }

  return {
    async write (chunk) {
      if (used > 0 && used + chunk.length > pieceBytes) await seal()
      if (used + chunk.length > tail.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(used + chunk.length, Math.min(pieceBytes, 2 * tail.length)))
        tail.copy(larger, 0, 0, used)
        tail = larger
      }
      used += chunk.copy(tail, used)
    },

    async sync () {
      await flush()
      const pieces = [...large, ...small]
      await inTurns(pieces.filter(({ at }) => performance.now() - at > renewMs), renew)
      for (const { blob } of pieces) own.delete(blob)
      return pieces.map(({ blob, bytes }) => ({ blob, bytes }))
    },

    async close () {
      const left = [...own]
      own.clear()
      used = 0
      // Those that are not removed are found by their age.
      await inTurns(left, async (blob) => { await client.ask({ action: 'Cannot remove a blob of the store', method: 'DELETE', key: keyOf(blob) }) })
        .catch((error: unknown) => { if (!(error instanceof JobError)) throw error })
    },
  }
}

/** Acts on all, some at one time, and on no more once it failed for one. */
async function inTurns<T> (all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < all.length; at += AT_ONCE) await Promise.all(all.slice(at, at + AT_ONCE).map(act))
}
