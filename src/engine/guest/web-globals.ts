/**
 * Every unit of our own, `web/<unit>.js`, or `node/<name>.js` for `node:<name>`, and the globals that are made of what it exports when code first
 * touches one of them; none for a unit that only other units use. What begins with a small letter is enumerated, as Web IDL has members of the global object; interfaces are not.
 */
export const UNIT_GLOBALS: Readonly<Record<string, readonly string[]>> = {
  'node:buffer': ['Buffer'],
  'node:library': [],
  abort: ['AbortController', 'AbortSignal'],
  base64: ['atob', 'btoa'],
  blob: ['Blob', 'File'],
  body: [],
  compression: ['CompressionStream', 'DecompressionStream'],
  encoding: ['TextDecoder', 'TextEncoder'],
  events: ['CustomEvent', 'Event', 'EventTarget'],
  'form-data': ['FormData'],
  headers: ['Headers'],
  'legacy-encodings': [],
  'local-fetch': [],
  multipart: [],
  navigator: ['Navigator', 'navigator'],
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
  utf8: [],
}
