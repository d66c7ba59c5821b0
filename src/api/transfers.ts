import type { Socket } from 'node:net'
import { JobError } from '../core/failures.ts'

export interface TransferBounds {
  perProcess: number
  perTenant: number
  /** Longest that each step of a content may take its client to send or to take. */
  stallMs: number
}

/** The contents of files that one process receives and sends at one time. */
export interface Transfers {
  readonly stallMs: number
  /** Takes a place; what is answered gives it back. Throws RATE_LIMITED where the tenant has as many as it may, and OVERLOADED where the process has. */
  enter (tenant: string, socket: Socket): () => void
  /** Whether a content is under way on a connection: then it is bounded by its steps, and may take as long as it goes on. */
  isUnderWay (socket: Socket): boolean
}

export function createTransfers ({ perProcess, perTenant, stallMs }: TransferBounds): Transfers {
  const open = new Map<string, number>()
  const sockets = new WeakSet<Socket>()
  let total = 0

  return {
    stallMs,
    enter (tenant, socket) {
      const own = open.get(tenant) ?? 0
      if (own >= perTenant) throw new JobError('RATE_LIMITED', `Cannot transfer the file: ${own} of the tenant are under way here, and it may have ${perTenant} (BATCHBOX_TENANT_FILE_TRANSFERS); try again when one has ended`)
      if (total >= perProcess) throw new JobError('OVERLOADED', `Cannot transfer the file: ${total} are under way in this process, and it may have ${perProcess} (BATCHBOX_FILE_TRANSFERS); try again, another process may have room`)
      open.set(tenant, own + 1)
      sockets.add(socket)
      total += 1
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        total -= 1
        sockets.delete(socket)
        const left = (open.get(tenant) ?? 1) - 1
        if (left > 0) open.set(tenant, left)
        else open.delete(tenant)
      }
    },
    isUnderWay: (socket) => sockets.has(socket),
  }
}
