import { randomUUIDv7 } from 'node:crypto'
import type { FailureCode } from '../../core/failures.ts'
import type { ControlMessage } from '../../core/stream-protocol.ts'

type Payload<T extends ControlMessage['type']> = Extract<ControlMessage, { type: T }>['payload']

/** Builds a message of the service itself. */
export function buildControl<T extends ControlMessage['type']> (type: T, payload: Payload<T>, correlationId: string | null = null): ControlMessage {
  return {
    id: randomUUIDv7(),
    type,
    timestamp: new Date().toISOString(),
    version: 1,
    source: 'stream',
    correlationId,
    ttl: null,
    priority: 'normal',
    payload,
    headers: {},
  } as ControlMessage // the compiler does not tie a type parameter to a member of the union
}

/** Builds an error about a message, or about a subscription that it ended. */
export function buildError ({ code, message }: { code: FailureCode, message: string }, about: { id?: string | null | undefined, subscription?: string }): ControlMessage {
  const { id = null, subscription } = about
  return buildControl('error', { code, detail: message, ...(subscription === undefined ? {} : { subscription }) }, id ?? subscription ?? null)
}
