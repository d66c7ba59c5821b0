// @ts-check
import { loadLibrary } from '../web/node-library.js'

const events = loadLibrary('events')

export default events
export const {
  addAbortListener, once, on, getEventListeners, getMaxListeners, listenerCount, EventEmitter, captureRejectionSymbol, captureRejections,
  errorMonitor, defaultMaxListeners, setMaxListeners, EventEmitterAsyncResource, init, usingDomains,
} = events
