/**
 * `node-globals` are for bodies of functions alone. Every unit of our own, `web/<unit>.js`, or `node/<name>.js` for `node:<name>`, and the globals that are made of what it exports when code first
 * touches one of them; none for a unit that only other units use. What begins with a small letter is enumerated, as Web IDL has members of the global object; interfaces are not.
 */
export const UNIT_GLOBALS: Readonly<Record<string, readonly string[]>> = {
  'node-globals': ['clearImmediate', 'process', 'setImmediate'],
  'node-library': [],
  buffer: ['Buffer'],
  'node:binding/buffer': [],
  'node:binding/crypto': [],
  'node:binding/url': [],
  'node:binding/zlib': [],
  'node:assert': [],
  'node:assert/strict': [],
  'node:async_hooks': [],
  'node:buffer': [],
  'node:crypto': [],
  'node:diagnostics_channel': [],
  'node:events': [],
  'node:os': [],
  'node:path': [],
  'node:path/posix': [],
  'node:path/win32': [],
  'node:perf_hooks': [],
  'node:process': [],
  'node:punycode': [],
  'node:querystring': [],
  'node:stream': [],
  'node:stream/consumers': [],
  'node:stream/promises': [],
  'node:stream/web': [],
  'node:string_decoder': [],
  'node:timers': [],
  'node:timers/promises': [],
  'node:url': [],
  'node:util': [],
  'node:util/types': [],
  'node:zlib': [],
  abort: ['AbortController', 'AbortSignal'],
  base64: ['atob', 'btoa'],
  blob: ['Blob', 'File'],
  body: [],
  clone: ['structuredClone'],
  compression: ['CompressionStream', 'DecompressionStream'],
  'dom-exception': ['DOMException', 'QuotaExceededError'],
  encoding: ['TextDecoder', 'TextEncoder'],
  events: ['CustomEvent', 'Event', 'EventTarget'],
  'form-data': ['FormData'],
  headers: ['Headers'],
  'error-details': [],
  'legacy-encodings': [],
  'local-fetch': [],
  messaging: ['MessageChannel', 'MessageEvent', 'MessagePort'],
  multipart: [],
  navigator: ['Navigator', 'navigator'],
  'node-errors': [],
  'pair-iteration': [],
  performance: ['Performance', 'performance'],
  request: ['Request'],
  response: ['Response'],
  streams: [
    'ByteLengthQueuingStrategy', 'CountQueuingStrategy', 'ReadableByteStreamController', 'ReadableStream', 'ReadableStreamBYOBReader', 'ReadableStreamBYOBRequest',
    'ReadableStreamDefaultController', 'ReadableStreamDefaultReader', 'TransformStream', 'TransformStreamDefaultController', 'WritableStream',
    'WritableStreamDefaultController', 'WritableStreamDefaultWriter',
  ],
  structured: [],
  'text-streams': ['TextDecoderStream', 'TextEncoderStream'],
  'url-pattern': ['URLPattern'],
  url: ['URL', 'URLSearchParams'],
  'url-inspect': [],
  utf8: [],
}

/** The unit whose globals only bodies of functions have. */
const OF_BODIES = 'node-globals'

/** What the core is given of the table: names of globals, each with the name of its unit behind it. One list costs an isolate less than a table of lists. */
export function listGlobals (unitGlobals: typeof UNIT_GLOBALS): { lazy: string[], ofBodies: string[] } {
  const list = (units: readonly string[]) => units.flatMap((unit) => (unitGlobals[unit] ?? []).flatMap((name) => [name, unit]))
  return { lazy: list(Object.keys(unitGlobals).filter((unit) => unit !== OF_BODIES)), ofBodies: list([OF_BODIES]) }
}

export const { lazy: LAZY_GLOBALS, ofBodies: BODY_GLOBALS } = listGlobals(UNIT_GLOBALS)
