import { decode, encode } from '@msgpack/msgpack'
import type { Codec } from './live/options.ts'

/**
 * Writes messages on the WebSocket as MessagePack: `createClient({ codec: msgpack, … })`. An entry of its own,
 * `@batchbox/client/msgpack`, since it doubles what a page loads.
 */
export const msgpack: Codec = {
  subprotocol: 'batchbox.v1.msgpack',
  encode: (message) => encode(message) as Uint8Array<ArrayBuffer>, // it allocates no shared memory
  decode: (data) => typeof data === 'string' ? JSON.parse(data) : decode(data),
}
