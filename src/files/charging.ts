import type { Db } from '../store/db.ts'
import { chargeFile, type Charged, type FileBounds } from '../store/files/uploads.ts'

/** What is charged for ahead of what is written: at first a little, then as much as was written before, up to so much. */
const AHEAD = { leastBytes: 65_536, mostBytes: 16_777_216 } as const

/** Has a tenant pay for what is about to be written. */
export interface Charging {
  /** Resolves when the file may have so many bytes. Throws RATE_LIMITED where the tenant has no room for them. */
  upTo (bytes: number): Promise<void>
}

/** Charges for a file that has so many bytes, ahead of what is written, so that not every write asks Redis. */
export function createCharging (db: Db, file: Charged, { bounds, from }: { bounds: FileBounds, from: number }): Charging {
  let charged = 0
  return {
    async upTo (bytes) {
      if (bytes <= charged) return
      const ahead = Math.min(AHEAD.mostBytes, Math.max(AHEAD.leastBytes, bytes - from))
      charged = await chargeFile(db, file, { needed: bytes, wanted: bytes + ahead }, bounds)
    },
  }
}
