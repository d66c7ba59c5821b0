// @ts-check
import { useUnit } from '../units.js'
import { buildEventTarget, buildAbortController, buildBlob, buildEncoding, buildPerfHooks, buildReadableWebStreams, buildWebStreams, buildWritableWebStreams } from './web-parts.js'
import { buildCertificates, buildWebCrypto } from './crypto-parts.js'
import { buildAsyncContextFrame, buildAsyncHooks } from './async-parts.js'
import { buildTimerParts, buildTimers } from './timer-parts.js'

// What stands where files of Node's library are that have no place in the sandbox, or that the web's units are instead of.

/** @param {string} id @returns {any} */
const load = (id) => useUnit('node-library').loadLibrary(id)
const nothing = () => {}
const refuses = () => false

/** @type {Record<string, () => any>} */
const STAND_INS = {
  'internal/abort_controller': () => buildAbortController(load),
  'internal/async_context_frame': buildAsyncContextFrame,
  'internal/async_hooks': buildAsyncHooks,
  'internal/blob': buildBlob,
  'internal/bootstrap/realm': () => ({ BuiltinModule: { exists: refuses } }),
  'internal/crypto/webcrypto': buildWebCrypto,
  'internal/crypto/x509': buildCertificates,
  'internal/encoding': buildEncoding,
  'internal/errors/error_source': () => ({ getErrorSourceExpression: nothing, getErrorSourceLocation: nothing }),
  'internal/event_target': buildEventTarget,
  'internal/file': buildBlob,
  'internal/options': () => ({ getOptionValue: refuses, getEmbedderOptions: () => ({}) }),
  'internal/process/per_thread': () => ({ platform: 'linux' }),
  'internal/process/task_queues': () => ({ queueMicrotask: globalThis.queueMicrotask }),
  'internal/source_map/source_map_cache': () => ({}),
  'internal/timers': buildTimerParts,
  'internal/trace_events': () => ({ isTraceCategoryEnabled: refuses, traceBegin: nothing, traceEnd: nothing, traceInstant: nothing }),
  'internal/tty': () => ({ getColorDepth: () => 1 }),
  'internal/util/trace_sigint': () => ({ setTraceSigInt: function setTraceSigInt (/** @type {unknown} */ _enable) {} }),
  'internal/v8/startup_snapshot': () => ({ namespace: { isBuildingSnapshot: refuses, addDeserializeCallback: nothing } }),
  'internal/webstreams/queuingstrategies': () => load('stream/web'),
  'internal/webstreams/readablestream': buildReadableWebStreams,
  'internal/webstreams/util': () => ({ kResolvedPromise: Promise.resolve() }),
  'internal/webstreams/writablestream': buildWritableWebStreams,
  'internal/worker': () => ({ ownsProcessState: refuses }),
  'internal/worker/js_transferable': () => ({ markTransferMode: nothing }),
  'internal/zip': () => ({ ZipEntry: class ZipEntry {}, ZipFile: class ZipFile {}, ZipBuffer: class ZipBuffer {} }),
  'perf_hooks': () => buildPerfHooks(load),
  'stream/web': () => buildWebStreams(load),
  'timers': () => buildTimers(load),
}

/** @param {string} id @returns {any} */
export function getStandIn (id) {
  const make = Object.hasOwn(STAND_INS, id) ? STAND_INS[id] : undefined
  if (make === undefined) throw new TypeError(`Cannot load "${id}" of Node's library: it is not available in the sandbox`)
  return make()
}
