// @ts-check
import { now } from '../../clock.js'
import { useUnit } from '../../units.js'
import { ENCODINGS } from './encodings.js'
import { osBinding, osConstants, uvBinding } from './system.js'
import { typesBinding } from './types.js'
import { utilBinding } from './util.js'

/** Our forms of what Node's library gets from C++, by the names it asks for. Most modules need few of them: the larger ones are units. @type {Record<string, any>} */
export const bindings = {
  __proto__: null,
  blob: {},
  get buffer () { return useUnit('node:binding/buffer').bufferBinding },
  config: { hasIntl: true, hasInspector: false, hasOpenSSL: true, noBrowserGlobals: false },
  constants: {
    get crypto () { return useUnit('node:binding/crypto').cryptoConstants },
    os: osConstants,
    trace: {},
    get zlib () { return useUnit('node:binding/zlib').zlibConstants },
  },
  get crypto () { return useUnit('node:binding/crypto').cryptoBinding },
  get encoding_binding () { return useUnit('node:binding/url').encodingBinding },
  encodings: { encodings: ENCODINGS },
  errors: { exitCodes: {}, noSideEffectsToString: String, triggerUncaughtException (/** @type {unknown} */ error) { throw error } },
  get icu () { return useUnit('node:binding/buffer').icuBinding },
  messaging: { get DOMException () { return /** @type {any} */ (globalThis).DOMException } },
  diagnostics_channel: { subscribers: [], getOrCreateChannelIndex: () => undefined, linkNativeChannel () {}, notifyChannelActive () {}, notifyChannelInactive () {} },
  os: osBinding,
  credentials: { getTempDir: () => undefined },
  stream_wrap: {},
  get string_decoder () { return useUnit('node:binding/buffer').stringDecoderBinding },
  symbols: { async_id_symbol: Symbol('async_id'), trigger_async_id_symbol: Symbol('trigger_async_id'), owner_symbol: Symbol('owner') },
  timers: { getLibuvNow: () => Math.trunc(now()) },
  types: typesBinding,
  get url () { return useUnit('node:binding/url').urlBinding },
  get url_pattern () { return useUnit('node:binding/url').urlPatternBinding },
  util: utilBinding,
  uv: uvBinding,
  get zlib () { return useUnit('node:binding/zlib').zlibBinding },
}
