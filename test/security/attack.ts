import type { FailureCode } from '../../src/core/failures.ts'
import type { RunOptions } from '../helpers/engine.ts'

/** One attack, and the one way in which it has to end. */
export interface Attack {
  /** What the code tries, as one would say it. */
  name: string
  code: string
  options?: Pick<RunOptions, 'input' | 'entry' | 'limits' | 'tags' | 'tools' | 'permissions' | 'secrets'>
  end: End
  /** Every message that was logged, in order, when that is part of the attack. */
  logs?: readonly string[]
}

/** How an attack ends: with a result, with a failure of which all that is not measured is told, or with the death of its runner. */
export type End = { result: unknown } | ExpectedFailure | ExpectedCrash

/** Nothing but V8 giving up on its own process, or a runner that lies, may end so. */
export interface ExpectedCrash {
  crash: { signal: string | null, reason: RegExp, stderr?: RegExp }
}

export interface ExpectedFailure {
  /** Several only where a race inside of V8 decides which limit is met first. */
  codes: readonly FailureCode[]
  name?: string
  message?: string | RegExp
  stack?: string
  limit?: { name: string, configured: number }
}

/** The attacks of one kind. */
export interface AttackGroup {
  /** As in the list of groups in docs/security.md. */
  name: string
  attacks: readonly Attack[]
}

/** Code whose entry has this body. */
export const inEntry = (body: string): string => `export default async (input, context) => { ${body} }`

/** The code threw. */
export const throws = (message: string | RegExp, name = 'Error'): End => ({ codes: ['USER_ERROR'], name, message })

/** What is not allowed was refused with these words before anything ran. */
export const refuses = (code: FailureCode, name: string, message: string | RegExp): End => ({ codes: [code], name, message })

/** A limit ended the run. */
export const isStoppedBy = (code: keyof typeof STOPPED, configured: number): End => {
  const [limit, name, message] = STOPPED[code]
  return { codes: [code], name, message, limit: { name: limit, configured } }
}

/** The engine ran out of stack. */
export const overflows = (): End => ({ codes: ['STACK_LIMIT'], name: 'RangeError', message: 'Maximum call stack size exceeded' })

/** What one attempt is to answer when the whole language is left to it: nothing. */
export const NOTHING_FOUND: End = { result: [] }

/** With a word more when the machine is busy. */
const TIMED_OUT = /^Execution timeout(?:; it waited .+ for a processor: the machine is busy)?$/

const STOPPED = {
  TIMEOUT: ['timeoutMs', 'TimeoutError', TIMED_OUT],
  CPU_LIMIT: ['cpuMs', 'CpuLimitError', 'CPU time limit reached'],
  MEMORY_LIMIT: ['memoryMb', 'MemoryLimitError', 'Memory limit reached'],
} as const satisfies Partial<Record<FailureCode, readonly [limit: string, name: string, message: string | RegExp]>>
