import { FAILURE_CHARS } from '../core/runner-protocol.ts'
import { findStructuredTextProblem } from '../core/structured.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Concealer } from './concealer.ts'
import type { RunnerAnswer } from './run-conversation.ts'

const PROGRESS_CHARS = 1024

/** Frees what a runner answered of secrets: the result stays JSON, and the texts of a failure are no longer than they may be. */
export function concealAnswer (concealer: Concealer, answer: RunnerAnswer, structured = false): RunnerAnswer {
  switch (answer.type) {
    case 'killed': return answer
    case 'crashed': {
      const { reason, stderr, ...evidence } = answer.evidence
      return { ...answer, evidence: { ...evidence, reason: concealer.text(reason), stderr: concealer.text(stderr) } }
    }
    case 'done': {
      const { failure } = answer.message
      if (!failure) return concealResult(concealer, answer, structured)
      const hide = (member: keyof typeof FAILURE_CHARS) => concealer.text(failure[member]).slice(0, FAILURE_CHARS[member])
      return { ...answer, message: { ...answer.message, failure: { ...failure, name: hide('name'), message: hide('message'), stack: hide('stack'), ...(failure.details === undefined ? {} : { details: concealer.json(failure.details) }) } } }
    }
    default: return unreachable(answer)
  }
}

type Done = Extract<RunnerAnswer, { type: 'done' }>

/** Of a value in structured form, not every text can be another: where bytes hold a secret, what is left of them is none. */
function concealResult (concealer: Concealer, answer: Done, structured: boolean): RunnerAnswer {
  const result = concealer.json(answer.result)
  const problem = structured && result !== answer.result ? findStructuredTextProblem(result) : undefined
  if (!problem) return { ...answer, result }
  const message = `Cannot write result in structured form: ${problem.pointer} holds a secret, in bytes or digits that cannot say so; leave it out of them`
  return { ...answer, message: { ...answer.message, failure: { code: 'RESULT_NOT_SERIALIZABLE', name: 'TypeError', message, stack: '', observed: 0, record: 0 } } }
}

/** The same of a message of progress, which the guest cuts without a mark. */
export function concealProgress (concealer: Concealer, message: string): string {
  return concealer.text(`${message}…`).slice(0, -1).slice(0, PROGRESS_CHARS)
}
