import { flushCompileCache } from 'node:module'
import { openParentPipe } from '../../core/parent-pipe.ts'
import type { FromRunner } from '../../core/runner-messages.ts'
import { RUNNER_HEADER_BYTES, type ToolScripts, type ToRunner } from '../../core/runner-protocol.ts'
import type { Frame } from '../../core/frames.ts'
import { dropPermissions, dropRoot, HOLDS_NETWORK } from './lock-down.ts'
import { probe, probeStranger } from './probes.ts'
import { createPool, type RunnerPool } from './pool.ts'
import { pass, relay } from './relay.ts'
import type { ThreadMessage } from './thread.ts'

/** Frames from the worker are trusted; this only stops a mistake from filling the memory. */
const MAX_FRAME_BYTES = 536_870_912

let pool: RunnerPool
let isReady = false

const pipe = openParentPipe({ maxFrameBytes: MAX_FRAME_BYTES, maxHeaderBytes: RUNNER_HEADER_BYTES, onFrame: obey })

// A terminal sends its signals to every process of its group. Only the worker ends a runner, by SIGKILL.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

function obey (frame: Frame): void {
  const message = frame.header as ToRunner // the worker is trusted
  if (message.type === 'boot') void boot(message, JSON.parse(frame.body.toString()) as ToolScripts) // made by the worker
  else pass(message, frame.body, pool)
}

/** A failure on the way ends the process: a runner that is not locked down serves nobody. */
async function boot ({ threads, memoryMb, archives }: Extract<ToRunner, { type: 'boot' }>, tools: ToolScripts): Promise<void> {
  const starting = createPool({ threads, memoryMb, archives, tools, onMessage }) // starts its threads at once: what they need they have
  flushCompileCache()
  dropPermissions()
  await probe() // while the threads make themselves warm
  pool = await starting
  delete process.env['NODE_COMPILE_CACHE'] // it has done its work
  const wasRoot = process.getuid?.() === 0
  const uid = dropRoot()
  if (wasRoot) probeStranger(process.ppid)
  isReady = true
  send({ type: 'ready', isolation: { permission: HOLDS_NETWORK, uid } })
}

function onMessage (message: Exclude<ThreadMessage, { type: 'warm' }>): void {
  if (message.type === 'beat' && !isReady) return // on a machine so busy that a thread is up a second before the rest is
  relay(message, send)
}

function send (message: FromRunner, body?: Uint8Array): void {
  pipe.send(message, body)
}
