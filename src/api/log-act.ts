import type { FastifyBaseLogger } from 'fastify'
import type { NewAct } from '../store/audit.ts'

/** Writes an administrative act to the process's log, where it outlives what the store keeps. */
export function logAct (logger: Pick<FastifyBaseLogger, 'info'>, { tenant, act, actor, target, details }: NewAct): void {
  logger.info({ tenant, act, actor: actor.keyId, target, details }, 'administrative act')
}
