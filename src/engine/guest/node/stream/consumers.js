// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const streamConsumers = loadLibrary('stream/consumers')

export default streamConsumers
export const {
  arrayBuffer, blob, buffer, bytes, text, json,
} = streamConsumers
