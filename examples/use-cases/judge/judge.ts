import type { EmbeddedEngine, ExecuteResult } from '../../../src/engine/library.ts'

/** A task: what a program is given, what it has to answer, and what it may take for each case. */
export interface Problem {
  cases: readonly { input: string, expected: string }[]
  cpuMs: number
  memoryMb: number
}

export type Verdict = 'accepted' | 'wrong answer' | 'time limit' | 'memory limit' | 'runtime error' | 'compile error'

export interface CaseReport {
  verdict: Verdict
  cpuMs: number
  peakMemoryBytes: number
  /** What the author may know of a failure. Not what was expected: that would give the cases away. */
  message?: string
}

export interface Judgement {
  /** That of the first case that is not accepted. */
  verdict: Verdict
  cases: CaseReport[]
}

/** A program that waits for what never comes takes no CPU time, and is stopped by the clock. */
const WALL_PER_CPU = 10

/** Nobody's program is to blame for these. */
const OURS: ReadonlySet<string> = new Set(['WORKER_CRASHED', 'UNAVAILABLE', 'INTERNAL'])

/** What else there is broke while the program ran. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  SYNTAX_ERROR: 'compile error',
  ENTRY_ERROR: 'compile error',
  MODULE_NOT_ALLOWED: 'compile error',
  CPU_LIMIT: 'time limit',
  TIMEOUT: 'time limit',
  MEMORY_LIMIT: 'memory limit',
}

/** Runs a program on each case of a problem, each in a fresh isolate: what it keeps from one case, it has not in the next. Throws where the engine fails: judge again. */
export async function judge (engine: EmbeddedEngine, { cases, cpuMs, memoryMb }: Problem, code: string): Promise<Judgement> {
  const limits = { cpuMs, timeoutMs: cpuMs * WALL_PER_CPU, memoryMb }
  const reports = await Promise.all(cases.map(async ({ input, expected }) => reportCase(await engine.execute({ code, input, limits }), expected)))
  return { verdict: reports.find(({ verdict }) => verdict !== 'accepted')?.verdict ?? 'accepted', cases: reports }
}

function reportCase (ended: ExecuteResult, expected: string): CaseReport {
  const { cpuMs, peakMemoryBytes } = ended.usage
  switch (ended.status) {
    case 'succeeded': return { verdict: isSame(ended.result, expected) ? 'accepted' : 'wrong answer', cpuMs, peakMemoryBytes }
    case 'failed': {
      const { code, name, message } = ended.error
      if (OURS.has(code)) throw new Error(`Cannot judge: ${message}`)
      return { verdict: VERDICTS[code] ?? 'runtime error', cpuMs, peakMemoryBytes, message: `${name}: ${message}` }
    }
    case 'cancelled': throw new Error('Cannot judge: the run was cancelled')
  }
}

/** Whether an answer is the text expected, whatever its white space. */
function isSame (answer: unknown, expected: string): boolean {
  const wordsOf = (text: string) => text.trim().split(/\s+/).join(' ')
  return typeof answer === 'string' && wordsOf(answer) === wordsOf(expected)
}
