import { readdirSync, readFileSync } from 'node:fs'

const NS_PER_MS = 1e6
/** A run that waited for less than that share of its time was not held up by others. */
const SHARE = 0.25

/** Milliseconds that each thread of a process was ready to run and had no processor, by thread. */
export type ReadWaits = (pid: number) => ReadonlyMap<string, number>

/** Reads /proc/<pid>/task/<tid>/schedstat, whose second number is that time. Source: scheduler/sched-stats.rst of the kernel. Empty where there is none. */
export const readWaits: ReadWaits = (pid) => {
  const waits = new Map<string, number>()
  try {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      const [, waited] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ')
      waits.set(thread, Number(waited) / NS_PER_MS)
    }
  } catch {
    // the process or a thread of it is gone, or the kernel does not count
  }
  return waits
}

/** How long the thread of a process that waited longest for a processor did so, between two readings. */
export function longestWaitMs (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): number {
  return Math.max(0, ...[...after].map(([thread, waited]) => waited - (before.get(thread) ?? 0)))
}

/** What a time-out adds to its message when the run could not run for a good part of its time; empty otherwise. */
export function explainWait (waitedMs: number, wallMs: number): string {
  if (waitedMs <= wallMs * SHARE) return ''
  return `; it waited ${describeTime(waitedMs)} of ${describeTime(wallMs)} for a processor: the machine is busy`
}

function describeTime (ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
