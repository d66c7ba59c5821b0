import { flushCompileCache } from 'node:module'
import type { MessagePort } from 'node:worker_threads'
import { BEAT_MS, type StopCode, type ToolFailure, type ToolScripts } from '../../core/runner-protocol.ts'
import { openArchives } from './archives.ts'
import { REHEARSAL_LIMITS } from './guest-settings.ts'
import { createIsolateMaker, type WarmIsolate } from './isolate.ts'
import { dropPermissions } from './lock-down.ts'
import { LogGatherer } from './log-gatherer.ts'
import { cacheOwnCore } from './own-core.ts'
import { probe } from './probes.ts'
import { ProgressGatherer } from './progress-gatherer.ts'
import { Run, type RunEnd, type RunTask } from './run.ts'
import type { RecordOutput } from './run-records.ts'

/** What a thread tells the runner's main thread. All of it goes over one port, so that it arrives in order; tasks answer nothing. */
export type ThreadMessage =
  | { type: 'warm' }
  | { type: 'beat', thread: number }
  | { type: 'started', token: string }
  | { type: 'logs', token: string, lines: string, droppedLines: number, droppedBytes: number }
  | { type: 'progress', token: string, value: number, message: string }
  | { type: 'usage', token: string, cpuMs: number, nativeCalls: number }
  | { type: 'call', token: string, call: number, tool: string, method: string, text: string, bytes: string }
  | { type: 'pull', token: string }
  | { type: 'output', token: string } & RecordOutput
  | { type: 'stopping', token: string, code: StopCode, observed: number }
  | { type: 'done', token: string, bootMs: number } & RunEnd

/** What the main thread tells a thread while a task runs. `bytes` has one character each, here as in `call`. */
export type ThreadOrder =
  | { type: 'stop', token: string }
  | { type: 'answer', token: string, call: number, failure: ToolFailure | null, text: string, bytes: string }
  | { type: 'records', token: string, count: number, body: Uint8Array<ArrayBuffer> }
  | { type: 'written', token: string }

/** The first task of every thread: opens its port, makes everything warm and waits until the pool lets it lock itself down. */
export interface WarmUp {
  type: 'warm-up'
  thread: number
  port: MessagePort
  archives: readonly number[]
  tools: ToolScripts
  memoryMb: number
  /** The thread is one of a process that does other things besides. It keeps that process's rights, and nothing in it may end it: what V8 lost control of is told. */
  embedded?: { onLost (message: string): void }
}
export type ThreadTask = WarmUp | ({ type: 'run' } & RunTask)

const REHEARSAL_MS = 5000

let port: MessagePort
let createWarmIsolate: (memoryMb: number) => WarmIsolate
let memoryMb: number
let spare: WarmIsolate | undefined
let current: { token: string, run: Run } | undefined
/** Orders come through a port of their own: one may be faster than the task that it is about. */
let early: string | undefined
let beating: NodeJS.Timeout
let running: Promise<void> = Promise.resolve()
let isRetiring = false

/** Piscina calls this for each task; one at a time. */
export default function handle (task: ThreadTask): Promise<void> {
  return running = task.type === 'warm-up' ? warmUp(task) : execute(task)
}

/** Lets go of all that keeps the thread: stops its run, and disposes of its isolates. Does not resolve while there is code that does not stop, nor before the thread is warm. */
export async function retire (): Promise<void> {
  isRetiring = true
  current?.run.stop('CANCELLED', 0)
  await running
  spare?.isolate.dispose()
  spare = undefined
  clearInterval(beating)
  port.close()
}

async function warmUp (task: WarmUp): Promise<void> {
  port = task.port
  memoryMb = task.memoryMb
  const scripts = openArchives(task.archives)
  createWarmIsolate = createIsolateMaker(task.embedded ? await cacheOwnCore(scripts) : scripts, task.tools, task.embedded?.onLost)
  const lockedDown = new Promise<void>((resolve) => { if (!task.embedded) port.once('message', resolve) })
  await rehearse()
  spare = createWarmIsolate(memoryMb)
  tell({ type: 'warm' })
  if (!task.embedded) await lockDown(lockedDown)
  port.on('message', obey)
  beating = setInterval(() => tell({ type: 'beat', thread: task.thread }), BEAT_MS)
}

/** Permissions can only be dropped once every thread of the pool is up. */
async function lockDown (everyoneIsUp: Promise<void>): Promise<void> {
  await everyoneIsUp
  flushCompileCache()
  dropPermissions()
  await probe()
}

/** Runs one job before any permission is gone, so that everything it loads is loaded and its code is compiled. */
async function rehearse (): Promise<void> {
  const limits = { ...REHEARSAL_LIMITS, timeoutMs: REHEARSAL_MS, cpuMs: REHEARSAL_MS, memoryMb }
  const silent = { logs () {}, progress () {}, usage () {}, call () {}, pull () {}, output () {}, stopping () {} }
  const code = 'export default async (input) => { await new Promise((resolve) => setTimeout(resolve, 1)); console.log(input); return input }'
  const end = await new Run({ token: '', file: 'job.js', code, importName: null, sources: [], input: '{}', entry: 'default', context: '{"tags":{}}', limits, tools: [], hrtime: false, records: null }, createWarmIsolate(memoryMb), silent).finish()
  if (end.result !== '{}') throw new Error(`Cannot serve: the rehearsal failed: ${end.failure?.message}`)
}

async function execute ({ type: _, ...task }: { type: 'run' } & RunTask): Promise<void> {
  const warm = takeIsolate(task.limits.memoryMb)
  const { token } = task
  const logs = new LogGatherer((lines, droppedLines, droppedBytes) => tell({ type: 'logs', token, lines, droppedLines, droppedBytes }))
  const progress = new ProgressGatherer((value, message) => {
    logs.flush() // what was logged before it
    tell({ type: 'progress', token, value, message })
  })
  const run = new Run(task, warm, {
    logs: (...batch) => logs.take(...batch),
    progress: (value, message) => progress.take(value, message),
    usage: (cpuMs, nativeCalls) => tell({ type: 'usage', token, cpuMs, nativeCalls }),
    call (call, tool, method, args) {
      logs.flush() // likewise
      tell({ type: 'call', token, call, tool, method, ...args })
    },
    pull: () => tell({ type: 'pull', token }),
    output: (output) => tell({ type: 'output', token, ...output }, [output.body.buffer]),
    stopping: (code, observed) => tell({ type: 'stopping', token, code, observed }),
  })
  current = { token, run }
  tell({ type: 'started', token })
  const finished = run.finish()
  if (early === token) run.stop('CANCELLED', 0)
  const end = await finished
  current = undefined
  logs.flush()
  progress.flush()
  tell({ type: 'done', token, bootMs: warm.bootMs, ...end })
  setImmediate(makeSpare) // after the answer has left
}

/** The isolate made ahead of time, if it has the memory asked for. */
function takeIsolate (askedMb: number): WarmIsolate {
  if (spare?.memoryMb !== askedMb) return createWarmIsolate(askedMb)
  const warm = spare
  spare = undefined
  return warm
}

function makeSpare (): void {
  if (!isRetiring) spare ??= createWarmIsolate(memoryMb)
}

function obey (order: ThreadOrder): void {
  const run = current?.token === order.token ? current.run : undefined
  switch (order.type) {
    case 'answer': return run?.answer(order.call, order.failure, order)
    case 'records': return run?.feed(order.body, order.count)
    case 'written': return run?.written()
    case 'stop': {
      if (run) run.stop('CANCELLED', 0)
      else early = order.token
    }
  }
}

function tell (message: ThreadMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
