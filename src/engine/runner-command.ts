import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FramedProcessOptions } from './framed-process.ts'
import { readablePaths } from './package-folders.ts'
import { runnerCache } from './runner-cache.ts'

/** The module that is the runner. */
export const RUNNER_FILE = fileURLToPath(new URL('./runner/main.ts', import.meta.url))

/** Young generation of the isolates in a runner; V8's own choice for small heaps makes code that allocates a third slower. */
const SEMI_SPACE_MB = 16

/** What isolates cannot do without in whatever process they are. */
export const V8_NEEDS: readonly string[] = [
  ...('fromBase64' in Uint8Array ? [] : ['--js-base-64']), // the guest needs it, and V8 of Node 24 has it behind this
  '--no-wasm-code-gc', // it deadlocks with the end of an isolate of isolated-vm: docs/decisions/0022
]

/** How V8 itself is started. It takes code caches of the guest from none that was started in another way. */
export const V8_FLAGS = [
  '--disallow-code-generation-from-strings',
  '--no-concurrent-sparkplug', // its threads cost an isolate that lives for one run a tenth of all it takes
  ...V8_NEEDS,
  `--min-semi-space-size=${SEMI_SPACE_MB}`,
  `--max-semi-space-size=${SEMI_SPACE_MB}`,
]

/** What Node allows a runner while it starts; it drops all of it before it serves. */
const EXEC_ARGV = [
  '--no-node-snapshot',
  '--permission',
  ...readablePaths().map((path) => `--allow-fs-read=${path}`),
  '--allow-worker',
  '--allow-addons',
  '--no-experimental-sqlite', // it writes files whatever the permission model says
  ...(process.allowedNodeEnvironmentFlags.has('--experimental-ffi') ? ['--no-experimental-ffi'] : []), // raw memory; refused without a flag as well
  '--disable-proto=delete',
  '--disable-sigusr1',
  '--disable-warning=SecurityWarning',
  ...V8_FLAGS,
]

/** Fixed, so that user code sees the same time zone and locale on every machine. LIBC keeps a native loader from probing files. */
const ENVIRONMENT = { LIBC: 'glibc', TZ: 'UTC', LANG: 'en_US.UTF-8' }

/** Answers how Node is started as a runner. `file` stands in for the module that is the runner, for tests; it may read its own folder, too. */
export function buildRunnerCommand (file?: string): Pick<FramedProcessOptions, 'file' | 'execArgv' | 'env'> {
  const cache = runnerCache()
  return {
    file: file ?? RUNNER_FILE,
    execArgv: [
      ...EXEC_ARGV,
      ...(cache === undefined ? [] : [`--allow-fs-read=${cache}/`, `--allow-fs-write=${cache}/`]),
      ...(file === undefined ? [] : [`--allow-fs-read=${dirname(file)}/`]),
    ],
    env: { ...ENVIRONMENT, NODE_COMPILE_CACHE: cache ?? '' },
  }
}
