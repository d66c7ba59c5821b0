import { readdirSync } from 'node:fs'
import { readProc } from './proc.ts'

const LOOK_MS = 500
/** Looks in a row at which nothing moved. */
const STILL_LOOKS = 6
/** Between two looks all threads together use or wait for a processor for at least that long, or nothing moved. */
const MOVED_MS = 5
const NS_PER_MS = 1e6

/** How far the threads of a process got: what they used of processors and waited for one together, and whether all of them sleep. */
export interface Activity {
  ms: number
  isAsleep: boolean
}

export interface BootWatchOptions {
  pid: number
  /** Called once. */
  onStill (reason: string): void
  /** Ours unless given. */
  readActivity?: (pid: number) => Activity | undefined
}

/**
 * Watches a runner while it starts. One whose threads all sleep, and have for seconds, waits for what never comes: it is told of long
 * before its time to start is over, which has to be long enough for a machine that is busy. A thread that waits for a processor or for a
 * disk, or that somebody stopped, is not still. It counts looks and not time, as when this process is held up nobody looks.
 */
export class BootWatch {
  readonly #options: BootWatchOptions
  readonly #read: (pid: number) => Activity | undefined
  readonly #timer: NodeJS.Timeout
  #lastMs = 0
  #stillLooks = 0

  constructor (options: BootWatchOptions) {
    this.#options = options
    this.#read = options.readActivity ?? readActivity
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
  }

  close (): void {
    clearInterval(this.#timer)
  }

  #look (): void {
    const activity = this.#read(this.#options.pid)
    const ms = activity?.ms ?? 0
    const isStill = activity?.isAsleep === true && Math.abs(ms - this.#lastMs) < MOVED_MS // threads that ended take theirs along
    this.#lastMs = ms
    this.#stillLooks = isStill ? this.#stillLooks + 1 : 0
    if (this.#stillLooks < STILL_LOOKS) return
    this.close()
    this.#options.onStill(`The runner hung while it started: nothing in it moved for ${STILL_LOOKS * LOOK_MS / 1000} s`)
  }
}

/**
 * Reads what the threads of a process did; undefined when it is gone, where there is no /proc, and where the kernel does not count. A wait
 * for a processor is only counted when it is over: on a busy machine a thread that is merely ready can look as if nothing moved. Sources:
 * scheduler/sched-stats.rst of the kernel, proc_pid_stat(5).
 */
export function readActivity (pid: number): Activity | undefined {
  const activity = { ms: 0, isAsleep: true }
  for (const thread of listThreads(pid)) {
    const [ran = 0, waited = 0] = readProc(`${pid}/task/${thread}/schedstat`).split(' ').map(Number)
    const stat = readProc(`${pid}/task/${thread}/stat`)
    activity.ms += (ran + waited) / NS_PER_MS
    activity.isAsleep &&= stat.slice(stat.lastIndexOf(')') + 2).startsWith('S') // the name before it may hold anything
  }
  return activity.ms > 0 ? activity : undefined
}

function listThreads (pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`)
  } catch {
    return []
  }
}
