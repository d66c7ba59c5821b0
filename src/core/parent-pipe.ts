import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { FramePump } from './frame-pump.ts'
import { encodeFrame, type Frame, type FrameReaderOptions } from './frames.ts'

const STDERR_FD = 2
const PARENT_FD = 3

export interface ParentPipe {
  send (header: object, body?: Uint8Array): void
  /** Resolves when the parent has taken all but the last few kilobytes sent so far. */
  drained (): Promise<void>
  setMaxFrameBytes (bytes: number): void
}

/**
 * Opens the pipe that the parent left as descriptor 3. The process ends itself by SIGKILL when the pipe ends or breaks, when
 * the parent breaks the framing, or when `onFrame` throws or rejects: a child that lost its parent must not live on.
 *
 * The one module of core that does I/O: the runner and the compiler share it, and may import nothing else of ours.
 */
export function openParentPipe (options: FrameReaderOptions & { onFrame (frame: Frame): Promise<void> | void }): ParentPipe {
  const socket = new Socket({ fd: PARENT_FD, readable: true, writable: true })
  const pump = new FramePump(socket, { ...options, onFault: die })
  for (const event of ['error', 'end', 'close']) socket.on(event, die)
  return {
    send (header, body) {
      socket.write(encodeFrame(header, body))
    },
    drained () {
      if (!socket.writableNeedDrain) return Promise.resolve()
      return new Promise((resolve) => { socket.once('drain', resolve) })
    },
    setMaxFrameBytes: (bytes) => pump.setMaxFrameBytes(bytes),
  }
}

function die (error?: unknown): never {
  try {
    if (error instanceof Error) writeSync(STDERR_FD, `${error.stack ?? error.message}\n`)
  } catch {
    // stderr is full or gone, and nothing else is left to tell
  }
  process.kill(process.pid, 'SIGKILL')
  throw new Error('Cannot go on: the parent is gone') // the signal is on its way
}
