import { flushCompileCache } from 'node:module'
import { openParentPipe } from '../../core/parent-pipe.ts'
import type { FromRunner } from '../../core/runner-messages.ts'
import { RUNNER_HEADER_BYTES, type ToolScripts, type ToRunner } from '../../core/runner-protocol.ts'
import type { Frame } from '../../core/frames.ts'
import { dropPermissions, dropRoot, HOLDS_NETWORK } from './lock-down.ts'
import { probe, probeStranger } from './probes.ts'
import { createPool, type RunnerPool } from './pool.ts'
import type { ThreadMessage, ThreadOrder } from './thread.ts'

/** Frames from the worker are trusted; this only stops a mistake from filling the memory. */
const MAX_FRAME_BYTES = 536_870_912

let pool: RunnerPool
let isReady = false

const pipe = openParentPipe({ maxFrameBytes: MAX_FRAME_BYTES, maxHeaderBytes: RUNNER_HEADER_BYTES, onFrame: obey })

// A terminal sends its signals to every process of its group. Only the worker ends a runner, by SIGKILL.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})

function obey (frame: Frame): void {
  const message = frame.header as ToRunner // the worker is trusted
  switch (message.type) {
    case 'boot': return void boot(message, JSON.parse(frame.body.toString()) as ToolScripts) // made by the worker
    case 'run': return void run(message, frame.body)
    case 'stop': return pool.order(message)
    case 'records': return pool.order({ ...message, body: new Uint8Array(frame.body) }) // a copy, which the thread is given for good
    case 'written': return pool.order(message)
    case 'answer': return pool.order(readAnswer(message, frame.body))
  }
}

function readAnswer ({ textBytes, ...rest }: Extract<ToRunner, { type: 'answer' }>, body: Buffer): ThreadOrder {
  return { ...rest, text: body.toString('utf8', 0, textBytes), bytes: body.toString('latin1', textBytes) }
}

/** A failure on the way ends the process: a runner that is not locked down serves nobody. */
async function boot ({ threads, memoryMb, archives }: Extract<ToRunner, { type: 'boot' }>, tools: ToolScripts): Promise<void> {
  const starting = createPool({ threads, memoryMb, archives, tools, onMessage: relay }) // starts its threads at once: what they need they have
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

function run ({ type: _, codeBytes, sources, ...rest }: Extract<ToRunner, { type: 'run' }>, body: Buffer): Promise<void> {
  let at = 0
  const take = (bytes: number) => body.toString('utf8', at, at += bytes)
  const code = take(codeBytes)
  return pool.run({ ...rest, code, sources: sources.map(({ codeBytes: bytes, ...source }) => ({ ...source, code: take(bytes) })), input: body.toString('utf8', at) })
}

function relay (message: Exclude<ThreadMessage, { type: 'warm' }>): void {
  if (message.type === 'beat' && !isReady) return // on a machine so busy that a thread is up a second before the rest is
  if (message.type === 'logs') {
    const { lines, ...header } = message
    send(header, Buffer.from(lines))
  } else if (message.type === 'output') {
    const { body, ...header } = message
    send(header, body)
  } else if (message.type === 'done') {
    const { result, ...header } = message
    send(header, result === null || header.failure ? undefined : Buffer.from(result))
  } else if (message.type === 'call') {
    const { text, bytes, ...header } = message
    const args = Buffer.from(text)
    send({ ...header, textBytes: args.length }, Buffer.concat([args, Buffer.from(bytes, 'latin1')]))
  } else {
    send(message)
  }
}

function send (message: FromRunner, body?: Uint8Array): void {
  pipe.send(message, body)
}
