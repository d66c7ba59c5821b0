import type { LiveOptions } from '../../clients/sdk/src/index.ts'
import { msgpack } from '../../clients/sdk/src/msgpack.ts'

/** The ways in which the client follows what happens. */
export const WAYS: Readonly<Record<string, LiveOptions & { transport: 'websocket' | 'sse' | 'poll' }>> = {
  'a WebSocket': { transport: 'websocket' },
  'a WebSocket with MessagePack': { transport: 'websocket', codec: msgpack },
  'Server-Sent Events': { transport: 'sse' },
  'the long poll': { transport: 'poll' },
}
