// @ts-check
import { useUnit } from '../units.js'

// What stands where files of Node's library are that have no place in the sandbox, or that the web units are instead of.

/** @type {Record<string, () => any>} */
const STAND_INS = {
  'internal/bootstrap/realm': () => ({ BuiltinModule: { exists: () => false } }),
  'internal/options': () => ({ getOptionValue: () => false, getEmbedderOptions: () => ({}) }),
  'internal/v8/startup_snapshot': () => ({ namespace: { isBuildingSnapshot: () => false, addDeserializeCallback () {} } }),
  'internal/trace_events': () => ({ isTraceCategoryEnabled: () => false, traceBegin () {}, traceEnd () {}, traceInstant () {} }),
  'internal/process/task_queues': () => ({ queueMicrotask: globalThis.queueMicrotask }),
  'internal/crypto/keys': () => ({ isKeyObject: () => false, isCryptoKey: () => false }),
  'internal/source_map/source_map_cache': () => ({}),
  'internal/tty': () => ({ getColorDepth: () => 1 }),
  'internal/blob': () => ({}),
  'internal/file': () => ({}),
  'internal/url': () => ({ isURL: () => false }),
}

/** @param {string} id @returns {any} */
export function getStandIn (id) {
  const make = Object.hasOwn(STAND_INS, id) ? STAND_INS[id] : undefined
  if (make === undefined) throw new TypeError(`Cannot use node:${id}: it is not available in the sandbox`)
  return make()
}
