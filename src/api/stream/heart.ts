import type { StreamCodec } from './codec.ts'
import type { StreamConnection } from './connection.ts'
import { buildControl } from './control.ts'

/** Looks after connections, each once in every span: whether the client is still there, and its key still valid. */
export interface Heart {
  /** Answers how to leave it. */
  join (patient: Patient): () => void
  close (): void
}

export interface Patient {
  connection: StreamConnection
  codec: StreamCodec
  /** The key that it was opened with. */
  token: string
}

export interface HeartOptions {
  everyMs: number
  isStillValid (token: string): Promise<boolean>
  onKeyEnded (connection: StreamConnection): void
}

/** Parts that connections are divided into: a thousand that are looked after at once would hold up events. */
const PARTS = 16

/** Starts looking after connections. In one part of them a heartbeat is encoded once for each format, and a key is looked up once. */
export function createHeart ({ everyMs, isStillValid, onKeyEnded }: HeartOptions): Heart {
  const parts = Array.from({ length: PARTS }, () => new Set<Patient>())
  let [joined, turns] = [0, 0]
  const timer = setInterval(() => beat(parts[turns++ % PARTS] ?? new Set()), everyMs / PARTS)

  function beat (part: ReadonlySet<Patient>): void {
    const heartbeats = new Map<StreamCodec, Buffer>()
    const tokens = new Map<string, Promise<boolean>>()
    for (const { connection, codec, token } of part) {
      const heartbeat = heartbeats.get(codec) ?? codec.encode(buildControl('system.heartbeat', {}))
      heartbeats.set(codec, heartbeat)
      connection.beat(heartbeat)
      const validity = tokens.get(token) ?? isStillValid(token)
      tokens.set(token, validity)
      void validity.then((isValid) => { if (!isValid) onKeyEnded(connection) })
    }
  }

  return {
    join (patient) {
      const part = parts[joined++ % PARTS]
      part?.add(patient)
      return () => part?.delete(patient)
    },
    close: () => clearInterval(timer),
  }
}
