import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { COMPILER_FRAME } from '../core/compiler-messages.ts'
import type { Frame } from '../core/frames.ts'
import { deathSignalPrefix } from './death-signal.ts'
import { type FramedExit, type FramedProcess, spawnFramed } from './framed-process.ts'
import { readablePaths } from './package-folders.ts'

const MAX_STDERR_BYTES = 1_048_576
const FRAMES_PER_SECOND = 10_000

const esbuild = createRequire(import.meta.url).resolve('esbuild/package.json')
const binary = createRequire(esbuild).resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`)

const ESBUILD_SCRIPT = fileURLToPath(new URL('./compiler/esbuild.sh', import.meta.url))

/** The module that is the compiler. */
export const COMPILER_FILE = fileURLToPath(new URL('./compiler/main.ts', import.meta.url))

/**
 * Starts a compiler process, at the head of a group that esbuild's own process is in. Node's permission model keeps the JavaScript
 * in it to reading its code; it must be let start esbuild, which is outside of that model. The environment has nothing of ours.
 */
export function spawnCompiler (hooks: { onFrame (frame: Frame): void, onExit (exit: FramedExit): void }): FramedProcess {
  return spawnFramed({
    ...hooks,
    file: COMPILER_FILE,
    execArgv: [
      '--permission', '--allow-child-process', ...readablePaths().map((path) => `--allow-fs-read=${path}`),
      '--disable-warning=SecurityWarning', '--disable-sigusr1', '--max-old-space-size=128',
    ],
    env: {
      ESBUILD_BINARY_PATH: ESBUILD_SCRIPT,
      ESBUILD: binary,
      DEATH_SIGNAL: deathSignalPrefix().join(' '),
      GOTRACEBACK: 'none',
    },
    ownGroup: true,
    ...COMPILER_FRAME,
    maxFramesPerSecond: FRAMES_PER_SECOND,
    maxBytesPerSecond: COMPILER_FRAME.maxFrameBytes,
    maxStderrBytes: MAX_STDERR_BYTES,
    maxUnsentBytes: COMPILER_FRAME.maxFrameBytes,
  })
}
