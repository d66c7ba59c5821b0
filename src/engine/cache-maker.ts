import { fileURLToPath } from 'node:url'
import { CACHER_FRAME, type CacheOrder } from '../core/runner-protocol.ts'
import { spawnFramed } from './framed-process.ts'
import { buildRunnerCommand } from './runner-command.ts'

const CACHER_FILE = fileURLToPath(new URL('./runner/cacher/main.ts', import.meta.url))
const FRAMES_PER_SECOND = 10_000
const MAX_STDERR_BYTES = 1_048_576
/** Everything there is takes some seconds on a machine that has other things to do. */
const TIMEOUT_MS = 60_000

/** Has V8's code caches of trusted scripts made, by a process that is started like a runner and sees nothing else. Rejects with an Error that says why there are none. */
export function makeCaches (order: CacheOrder): Promise<Map<string, Uint8Array>> {
  const { promise, resolve, reject } = Promise.withResolvers<Map<string, Uint8Array>>()
  const caches = new Map<string, Uint8Array>()
  const child = spawnFramed({
    ...buildRunnerCommand(),
    file: CACHER_FILE,
    ...CACHER_FRAME,
    maxFramesPerSecond: FRAMES_PER_SECOND,
    maxBytesPerSecond: CACHER_FRAME.maxFrameBytes,
    maxStderrBytes: MAX_STDERR_BYTES,
    maxUnsentBytes: CACHER_FRAME.maxFrameBytes,
    onFrame ({ header, body }) {
      const { type, name } = header as { type: unknown, name?: unknown } // our own process, before it could be anybody else's
      if (type === 'done') resolve(caches)
      else caches.set(String(name), Uint8Array.from(body))
    },
    onExit: ({ reason, stderrTail }) => reject(new Error(`Cannot make code caches: ${reason}${stderrTail && `\n${stderrTail}`}`)),
  })
  const slow = setTimeout(() => child.kill(`It took longer than ${TIMEOUT_MS} ms`), TIMEOUT_MS)
  child.send({ type: 'cache' }, Buffer.from(JSON.stringify(order)))
  return promise.finally(() => {
    clearTimeout(slow)
    child.kill('The caches are made')
  })
}
