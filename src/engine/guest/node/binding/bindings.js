// @ts-check
import { cryptoConstants, os, systemErrors } from 'node-library:facts'
import { bufferBinding } from './buffer.js'
import { cryptoBinding } from './crypto.js'
import { icuBinding } from './icu.js'
import { stringDecoderBinding } from './string-decoder.js'
import { typesBinding } from './types.js'
import { encodingBinding, urlBinding, urlPatternBinding } from './url.js'
import { utilBinding } from './util.js'

const errors = new Map(systemErrors)

const uvBinding = {
  getErrorMap: () => errors,
  errname: (/** @type {number} */ number) => errors.get(number)?.[0] ?? `Unknown system error ${number}`,
  getErrorMessage: (/** @type {number} */ number) => errors.get(number)?.[1] ?? `Unknown system error ${number}`,
}

/** Our forms of what Node's library gets from C++, by the names it asks for. @type {Record<string, any>} */
export const bindings = {
  __proto__: null,
  blob: {},
  buffer: bufferBinding,
  config: { hasIntl: true, hasInspector: false, hasOpenSSL: true, noBrowserGlobals: false },
  constants: { crypto: cryptoConstants, os, trace: {} },
  crypto: cryptoBinding,
  encoding_binding: encodingBinding,
  errors: { exitCodes: {}, noSideEffectsToString: String, triggerUncaughtException (/** @type {unknown} */ error) { throw error } },
  icu: icuBinding,
  messaging: { get DOMException () { return /** @type {any} */ (globalThis).DOMException } },
  os: {},
  string_decoder: stringDecoderBinding,
  symbols: { async_id_symbol: Symbol('async_id'), trigger_async_id_symbol: Symbol('trigger_async_id'), owner_symbol: Symbol('owner') },
  types: typesBinding,
  url: urlBinding,
  url_pattern: urlPatternBinding,
  util: utilBinding,
  uv: uvBinding,
}
