import type { WebSocket } from '@fastify/websocket'

/** Frames from this size on are compressed, where the client agreed to it. */
export const COMPRESS_FROM_BYTES = 1024

/** What is to be sent to one socket, bounded by asking for room first. */
export interface Outbox {
  send (frame: Buffer): void
  /** Bytes that wait to be taken by the client's side. */
  readonly bytes: number
  /** Frames that it has taken. */
  readonly taken: number
  /** Whether fewer bytes wait than the mark. */
  hasRoom (): boolean
  /**
   * Resolves with true as soon as there is room; or with false when the socket has closed, or the signal has come by then. A frame that is
   * sent right then, without waiting for anything else, keeps what waits at one frame above the mark at most.
   */
  room (signal?: AbortSignal): Promise<boolean>
}

/** Creates the outbox of a socket; it ends with it. */
export function createOutbox (socket: WebSocket, { isBinary, markBytes }: { isBinary: boolean, markBytes: number }): Outbox {
  let taken = 0
  let change = Promise.withResolvers<void>()
  const hasRoom = () => socket.bufferedAmount < markBytes
  const wake = () => {
    change.resolve()
    change = Promise.withResolvers()
  }
  const onTaken = () => {
    taken += 1
    if (hasRoom()) wake()
  }
  socket.once('close', wake)
  return {
    get bytes () { return socket.bufferedAmount },
    get taken () { return taken },
    hasRoom,
    send (frame) {
      if (socket.readyState === socket.OPEN) socket.send(frame, { binary: isBinary, compress: frame.length >= COMPRESS_FROM_BYTES }, onTaken)
    },
    async room (signal) {
      for (;;) {
        if (socket.readyState !== socket.OPEN || signal?.aborted) return false
        if (hasRoom()) return true
        await change.promise
      }
    },
  }
}
