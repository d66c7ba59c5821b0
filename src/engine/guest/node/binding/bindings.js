// @ts-check
import { os, systemErrors } from 'node-library:facts'
import { bufferBinding } from './buffer.js'
import { icuBinding } from './icu.js'
import { stringDecoderBinding } from './string-decoder.js'
import { typesBinding } from './types.js'
import { utilBinding } from './util.js'

/** Our forms of what Node's library gets from C++, by the names it asks for. @type {Record<string, any>} */
export const bindings = {
  __proto__: null,
  buffer: bufferBinding,
  config: { hasIntl: true, hasInspector: false, hasOpenSSL: true, noBrowserGlobals: false },
  constants: { os, trace: {} },
  errors: { exitCodes: {}, noSideEffectsToString: String, triggerUncaughtException (/** @type {unknown} */ error) { throw error } },
  icu: icuBinding,
  os: {},
  string_decoder: stringDecoderBinding,
  symbols: { async_id_symbol: Symbol('async_id'), trigger_async_id_symbol: Symbol('trigger_async_id'), owner_symbol: Symbol('owner') },
  types: typesBinding,
  util: utilBinding,
  uv: { getErrorMap: () => new Map(systemErrors), errname: (/** @type {number} */ number) => new Map(systemErrors).get(number)?.[0] ?? `Unknown system error ${number}` },
}
