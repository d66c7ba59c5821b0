import { CompilerMessage, type CompileRequest } from '../core/compiler-messages.ts'
import type { Frame } from '../core/frames.ts'
import { spawnCompiler } from './compiler-process.ts'
import type { FormedSources } from './compiler-pool.ts'
import type { FramedExit, FramedProcess } from './framed-process.ts'
import { readTreeRssBytes } from './proc.ts'

const MB = 1_048_576
const START_TIMEOUT_MS = 10_000
const MEMORY_POLL_MS = 25
/** A process that keeps more than this share of its memory limit after a source is replaced: the next one is not to pay for it. */
const KEPT_SHARE = 0.5

export type LaneAnswer =
  | { type: 'answered', message: Exclude<CompilerMessage, { type: 'ready' }>, body: Buffer }
  /** The process ended in the middle of this source, by a limit of ours or of itself. */
  | { type: 'died', cause: 'time' | 'memory' | 'itself', evidence: string }
  /** Without a process for it. The reason may be shown to anybody; the evidence names what is on the host. */
  | { type: 'unavailable', reason: string, evidence?: string }

export interface LaneLimits {
  timeoutMs: number
  memoryMb: number
}

interface Task {
  id: number
  cause: 'time' | 'memory' | 'itself'
  finish (answer: LaneAnswer): void
}

interface Running {
  child: FramedProcess
  ready: Promise<void>
  task: Task | undefined
}

/**
 * One compiler process and whatever replaces it. Without a process until it is warmed or gets its first source; then starting,
 * ready, busy. When the process ends in the middle of a source, or keeps too much memory after one, another is started at once.
 */
export class CompilerLane {
  readonly #limits: LaneLimits
  readonly #living = new Set<FramedProcess>()
  #running: Running | undefined
  #lastId = 0
  #closed = false

  constructor (limits: LaneLimits) {
    this.#limits = limits
  }

  /** Starts the process, so that the first source need not wait for it. */
  warm (): void {
    if (!this.#closed) this.#running ??= this.#start()
  }

  /** Compiles the sources of one job; one at a time. Never rejects. */
  async run (sources: FormedSources): Promise<LaneAnswer> {
    if (this.#closed) return closedAnswer()
    const running = this.#running ??= this.#start()
    try {
      await running.ready
    } catch (error) {
      return { type: 'unavailable', reason: 'Cannot compile: the compiler did not start', evidence: String(error) }
    }
    const answer = await this.#ask(running, sources)
    if (this.#closed) return answer.type === 'answered' ? answer : closedAnswer()
    if (answer.type === 'answered') this.#dropIfLarge(running)
    this.warm()
    return answer
  }

  async close (): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#living].map((child) => {
      child.kill('The compiler is closed')
      return child.exited
    }))
  }

  #start (): Running {
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>()
    ready.catch(() => {}) // a process that nobody waits for may die too
    const onFrame = ({ header, body }: Frame) => {
      const message = CompilerMessage.parse(header)
      if (message.type === 'ready') return resolve()
      if (message.id !== running.task?.id) throw new Error('Cannot use answer: nothing like it was asked for')
      running.task.finish({ type: 'answered', message, body })
    }
    const onExit = ({ reason, stderrTail }: FramedExit) => {
      this.#living.delete(child)
      if (this.#running === running) this.#running = undefined
      const evidence = `${reason}\n${stderrTail}`.trim()
      reject(new Error(evidence))
      running.task?.finish({ type: 'died', cause: running.task.cause, evidence })
    }
    const child = spawnCompiler({ onFrame, onExit })
    const running: Running = { child, ready, task: undefined }
    const timer = setTimeout(() => child.kill(`Not ready within ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
    ready.finally(() => clearTimeout(timer)).catch(() => {}) // likewise
    this.#living.add(child)
    return running
  }

  #ask (running: Running, { form, code, files }: FormedSources): Promise<LaneAnswer> {
    const { child } = running
    const { timeoutMs, memoryMb } = this.#limits
    const { promise, resolve } = Promise.withResolvers<LaneAnswer>()
    const id = this.#lastId += 1
    const stop = (cause: Task['cause'], reason: string) => {
      if (running.task) running.task.cause = cause
      child.kill(reason)
    }
    const timer = setTimeout(stop, timeoutMs, 'time', `Stopped after ${timeoutMs} ms`)
    const poll = setInterval(() => { if (rssOf(child) > memoryMb * MB) stop('memory', `Stopped above ${memoryMb} MB`) }, MEMORY_POLL_MS)
    running.task = {
      id,
      cause: 'itself',
      finish (answer) {
        running.task = undefined
        clearTimeout(timer)
        clearInterval(poll)
        resolve(answer)
      },
    }
    const texts = [Buffer.from(code), ...Object.values(files).map((text) => Buffer.from(text))]
    const listed = Object.keys(files).map((name, i) => ({ name, bytes: texts[i + 1]!.length })) // there is one for each
    const sent = child.send({ type: 'compile', id, form, codeBytes: texts[0]!.length, files: listed } satisfies CompileRequest, Buffer.concat(texts)) // there is the code
    if (!sent) running.task.finish({ type: 'unavailable', reason: 'Cannot compile: the compiler ended before it had the source' })
    return promise
  }

  #dropIfLarge (running: Running): void {
    if (rssOf(running.child) < this.#limits.memoryMb * MB * KEPT_SHARE) return
    running.child.kill('It kept too much memory')
    if (this.#running === running) this.#running = undefined
  }
}

function rssOf (child: FramedProcess): number {
  return child.pid === undefined ? 0 : readTreeRssBytes(child.pid)
}

function closedAnswer (): LaneAnswer {
  return { type: 'unavailable', reason: 'Cannot compile: the compiler is closed' }
}
