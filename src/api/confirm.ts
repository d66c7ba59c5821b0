import { JobError } from '../core/failures.ts'
import type { Find } from '../store/durability.ts'
import type { JobService } from './job-service.ts'

/** What clients are told of, and what to do where it cannot be confirmed: it may have been done all the same. */
const REMEDIES = {
  'request': 'send it again with the same Idempotency-Key',
  'cancellation': 'ask again',
  'upload': 'ask how far it is and go on, or send it again',
  'removal': 'ask again',
  'purge': 'ask again',
  'erasure': 'ask again',
  'change of secrets': 'make it again',
  'change of functions': 'make it again',
  'change of webhooks': 'look whether it was made, and make it again',
  'change of keys': 'look whether it was made, and make it again',
} as const

/** Waits until what `isThere` finds is stored as safely as configured. Throws UNAVAILABLE. */
export async function confirm ({ durability }: Pick<JobService, 'durability'>, what: keyof typeof REMEDIES, isThere: Find): Promise<void> {
  try {
    await durability.confirm(isThere)
  } catch (cause) {
    throw new JobError('UNAVAILABLE', `Cannot confirm that the ${what} is stored as safely as configured: ${REMEDIES[what]}`, { cause })
  }
}
