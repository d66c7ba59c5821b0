// @ts-check
import { loadLibrary } from '../web/node-library.js'

const diagnosticsChannel = loadLibrary('diagnostics_channel')

export default diagnosticsChannel
export const {
  channel, hasSubscribers, subscribe, tracingChannel, unsubscribe, boundedChannel, Channel, BoundedChannel,
} = diagnosticsChannel
