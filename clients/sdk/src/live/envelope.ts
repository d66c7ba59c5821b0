import type { LiveEvent } from './options.ts'

/** A message on the WebSocket, either way. Members that this release does not know are left alone. */
export interface Envelope {
  id: string
  type: string
  /** RFC 3339, UTC. */
  timestamp: string
  version: number
  source: string
  correlationId: string | null
  /** Milliseconds after which it is worth nothing; null for never. */
  ttl: number | null
  priority: string
  payload: Record<string, unknown>
  headers: Record<string, unknown>
}

/** Makes a message of the client's own; what answers it names its id. */
export function buildEnvelope (id: string, type: string, payload: Envelope['payload']): Envelope {
  return { id, type, timestamp: new Date().toISOString(), version: 1, source: 'client', correlationId: null, ttl: null, priority: 'normal', payload, headers: {} }
}

/** Reads what came in one frame: a message or a list of them. What is no message is left out. */
export function readFrame (frame: unknown): Partial<Envelope>[] {
  return (Array.isArray(frame) ? frame : [frame]).filter((each) => typeof each === 'object' && each !== null && typeof each.type === 'string')
}

/** The event that a message carries. */
export function readEvent ({ id = '', type = '', timestamp = '', payload = {}, headers = {} }: Partial<Envelope>): LiveEvent {
  const { eventVersion, subscription: _, ...rest } = headers
  return toEvent({ ...rest, id, type, time: timestamp, payload, version: eventVersion })
}

/** Fills in what an older service leaves out: there a cursor is the event's sequence. */
export function toEvent (event: Record<string, unknown>): LiveEvent {
  const { id, sequence, cursor } = event
  return {
    attempt: 0, payload: {}, ...event, // a newer service may say more
    cursor: Number(cursor ?? sequence),
    sequence: Number(sequence ?? cursor),
    subject: String(event['subject'] ?? String(id).replace(/-\d+$/, '')),
    version: Number(event['version'] ?? 1),
  } as LiveEvent // id, type and time have been there in every version
}
