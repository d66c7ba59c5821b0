import type { Attack, End } from './attack.ts'

/** One thing that a runner does which was taken over. Its own token is put into what it says, unless another one is said. */
export type Deed =
  | { say: object, body?: string, bodyTimes?: number, times?: number }
  /** Ends the run with that many answers of tools, as a list of texts, when they have come; failures with their codes. */
  | { hear: number }
  /** Says something with the token of the run before. */
  | { sayAsBefore: object }
  /** Bytes for the pipe, one character each. */
  | { write: string, times?: number }
  | { stderr: string, times?: number }
  | { exit: number }
  | { kill: 'SIGABRT' | 'SIGSEGV' | 'SIGSTOP' }
  | { close: true }

/** A run whose runner does this instead. The code of a job tells the fixture what to do. */
export function lie (name: string, deeds: readonly Deed[], end: End, more: Pick<Attack, 'options' | 'logs'> = {}): Attack {
  return { name, code: JSON.stringify(deeds), end, ...more }
}

/** Code for which the fixture is a fair runner that answers the input. */
export const FAIR = 'fair'
