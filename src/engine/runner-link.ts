import { ARCHIVES_FD, RUNNER_FRAME_BYTES, RUNNER_HEADER_BYTES } from '../core/runner-protocol.ts'
import type { GuestImage } from './guest-image.ts'
import { type FramedExit, type FramedProcess, type FramedProcessOptions, spawnFramed } from './framed-process.ts'
import { buildRunnerCommand } from './runner-command.ts'

const MAX_FRAMES_PER_SECOND = 2000
const MAX_BYTES_PER_SECOND = 67_108_864
const MAX_STDERR_BYTES = 1_048_576
const MAX_UNSENT_BYTES = 536_870_912

/** What a runner ended with. `freed` is there for a thread that could not be ended: it goes on, with the code in it, until that resolves. */
export interface RunnerExit extends FramedExit {
  freed?: Promise<void>
}

/** How a runner is spoken to, be it a process or a thread of this one. */
export interface RunnerLink extends Pick<FramedProcess, 'send' | 'kill' | 'setMaxFrameBytes' | 'uncount' | 'isHeld'> {
  /** Undefined for a thread, and for a process that could not be started. */
  readonly pid: number | undefined
  readonly exited: Promise<RunnerExit>
  /** Descriptors by which the runner reads the archives of the guest. */
  readonly archives: readonly number[]
}

export interface LinkOptions extends Pick<FramedProcessOptions, 'onFrame' | 'resources'> {
  guest: GuestImage
  /** The module that is the runner process; ours unless given. */
  file?: string | undefined
  onExit (exit: RunnerExit): void
}

/** Starts a runner process. */
export function openProcess ({ guest, file, ...options }: LinkOptions): RunnerLink {
  const link = spawnFramed({
    ...buildRunnerCommand(file),
    maxFrameBytes: RUNNER_FRAME_BYTES,
    maxHeaderBytes: RUNNER_HEADER_BYTES,
    maxFramesPerSecond: MAX_FRAMES_PER_SECOND,
    maxBytesPerSecond: MAX_BYTES_PER_SECOND,
    maxStderrBytes: MAX_STDERR_BYTES,
    maxUnsentBytes: MAX_UNSENT_BYTES,
    descriptors: guest.archives,
    ...options,
  })
  return { ...link, archives: guest.archives.map((_, at) => ARCHIVES_FD + at) }
}
