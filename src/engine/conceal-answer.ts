import { FAILURE_CHARS } from '../core/runner-protocol.ts'
import { unreachable } from '../core/unreachable.ts'
import type { Concealer } from './concealer.ts'
import type { RunnerAnswer } from './run-conversation.ts'

const PROGRESS_CHARS = 1024

/** Frees what a runner answered of secrets: the result stays JSON, and the texts of a failure are no longer than they may be. */
export function concealAnswer (concealer: Concealer, answer: RunnerAnswer): RunnerAnswer {
  switch (answer.type) {
    case 'killed': return answer
    case 'crashed': {
      const { reason, stderr, ...evidence } = answer.evidence
      return { ...answer, evidence: { ...evidence, reason: concealer.text(reason), stderr: concealer.text(stderr) } }
    }
    case 'done': {
      const { failure } = answer.message
      if (!failure) return { ...answer, result: concealer.json(answer.result) }
      const hide = (member: keyof typeof FAILURE_CHARS) => concealer.text(failure[member]).slice(0, FAILURE_CHARS[member])
      return { ...answer, message: { ...answer.message, failure: { ...failure, name: hide('name'), message: hide('message'), stack: hide('stack') } } }
    }
    default: return unreachable(answer)
  }
}

/** The same of a message of progress, which the guest cuts without a mark. */
export function concealProgress (concealer: Concealer, message: string): string {
  return concealer.text(`${message}…`).slice(0, -1).slice(0, PROGRESS_CHARS)
}
