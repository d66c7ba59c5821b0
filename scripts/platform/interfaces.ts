/** What the global object has by a standard, and where the standard says so. */
export interface Interface {
  /**
   * Members, with blanks between them. `new(1)`: it can be constructed, and its length; `name`: an attribute, `name=` one that can be set; `name(2)`: a method and
   * its length, `static:name(2)` one of the constructor; `NAME#3`: a constant; `@@iterator=entries`: the same function as the method.
   */
  members: string
  source: string
  /** What it inherits from. */
  parent?: string
  /** Only where this tool is. */
  tool?: string
}

const ENCODING = 'https://encoding.spec.whatwg.org/'
const STREAMS = 'https://streams.spec.whatwg.org/'
const URLS = 'https://url.spec.whatwg.org/'
const DOM = 'https://dom.spec.whatwg.org/'
const FETCH = 'https://fetch.spec.whatwg.org/'
const FILES = 'https://w3c.github.io/FileAPI/'
const HTML = 'https://html.spec.whatwg.org/'
const WEB_IDL = 'https://webidl.spec.whatwg.org/'
const CRYPTO = 'https://w3c.github.io/webcrypto/'
const COMPRESSION = 'https://compression.spec.whatwg.org/'

const PAIRS = 'entries(0) keys(0) values(0) forEach(1) @@iterator=entries'
const BODY = 'body bodyUsed arrayBuffer(0) blob(0) bytes(0) formData(0) json(0) text(0)'
const CODES = [
  'INDEX_SIZE', 'DOMSTRING_SIZE', 'HIERARCHY_REQUEST', 'WRONG_DOCUMENT', 'INVALID_CHARACTER', 'NO_DATA_ALLOWED', 'NO_MODIFICATION_ALLOWED', 'NOT_FOUND', 'NOT_SUPPORTED', 'INUSE_ATTRIBUTE', 'INVALID_STATE', 'SYNTAX',
  'INVALID_MODIFICATION', 'NAMESPACE', 'INVALID_ACCESS', 'VALIDATION', 'TYPE_MISMATCH', 'SECURITY', 'NETWORK', 'ABORT', 'URL_MISMATCH', 'QUOTA_EXCEEDED', 'TIMEOUT', 'INVALID_NODE_TYPE', 'DATA_CLONE',
].map((name, i) => `${name}_ERR#${i + 1}`).join(' ')

/** The interfaces of ECMA-429, the Minimum Common Web API, and those that the contract adds. Source: https://min-common-api.proposal.wintertc.org/ */
export const INTERFACES: Readonly<Record<string, Interface>> = {
  AbortController: { source: DOM, members: 'new(0) signal abort(0)' },
  AbortSignal: { source: DOM, parent: 'EventTarget', members: 'aborted reason onabort= throwIfAborted(0) static:abort(0) static:any(1) static:timeout(1)' },
  Blob: { source: FILES, members: 'new(0) size type slice(0) stream(0) textStream(0) text(0) arrayBuffer(0) bytes(0)' },
  ByteLengthQueuingStrategy: { source: STREAMS, members: 'new(1) highWaterMark size' },
  CompressionStream: { source: COMPRESSION, members: 'new(1) readable writable' },
  CountQueuingStrategy: { source: STREAMS, members: 'new(1) highWaterMark size' },
  Crypto: { source: CRYPTO, tool: 'crypto', members: 'subtle getRandomValues(1) randomUUID(0)' },
  CryptoKey: { source: CRYPTO, tool: 'crypto', members: 'type extractable algorithm usages' },
  CustomEvent: { source: DOM, parent: 'Event', members: 'new(1) detail initCustomEvent(1)' },
  DOMException: { source: WEB_IDL, parent: 'Error', members: `new(0) name message code ${CODES}` },
  DecompressionStream: { source: COMPRESSION, members: 'new(1) readable writable' },
  ErrorEvent: { source: HTML, parent: 'Event', members: 'new(1) message filename lineno colno error' },
  Event: {
    source: DOM,
    members: 'new(1) type target srcElement currentTarget composedPath(0) NONE#0 CAPTURING_PHASE#1 AT_TARGET#2 BUBBLING_PHASE#3 eventPhase stopPropagation(0) cancelBubble= stopImmediatePropagation(0) bubbles cancelable returnValue= preventDefault(0) defaultPrevented composed timeStamp initEvent(1)',
  },
  EventTarget: { source: DOM, members: 'new(0) addEventListener(2) removeEventListener(2) dispatchEvent(1)' },
  File: { source: FILES, parent: 'Blob', members: 'new(2) name lastModified' },
  FormData: { source: 'https://xhr.spec.whatwg.org/', members: `new(0) append(2) delete(1) get(1) getAll(1) has(1) set(2) ${PAIRS}` },
  Headers: { source: FETCH, members: `new(0) append(2) delete(1) get(1) getSetCookie(0) has(1) set(2) ${PAIRS}` },
  MessageChannel: { source: HTML, members: 'new(0) port1 port2' },
  MessageEvent: { source: HTML, parent: 'Event', members: 'new(1) data origin lastEventId source ports initMessageEvent(1)' },
  MessagePort: { source: HTML, parent: 'EventTarget', members: 'postMessage(1) start(0) close(0) onmessage= onmessageerror= onclose=' },
  Navigator: { source: HTML, members: 'userAgent' },
  Performance: { source: 'https://w3c.github.io/hr-time/', parent: 'EventTarget', members: 'now(0) timeOrigin toJSON(0)' },
  PromiseRejectionEvent: { source: HTML, parent: 'Event', members: 'new(2) promise reason' },
  QuotaExceededError: { source: WEB_IDL, parent: 'DOMException', members: 'new(0) quota requested' },
  ReadableByteStreamController: { source: STREAMS, members: 'byobRequest desiredSize close(0) enqueue(1) error(0)' },
  ReadableStream: { source: STREAMS, members: 'new(0) locked cancel(0) getReader(0) pipeThrough(1) pipeTo(1) tee(0) values(0) @@asyncIterator=values static:from(1)' },
  ReadableStreamBYOBReader: { source: STREAMS, members: 'new(1) closed cancel(0) read(1) releaseLock(0)' },
  ReadableStreamBYOBRequest: { source: STREAMS, members: 'view respond(1) respondWithNewView(1)' },
  ReadableStreamDefaultController: { source: STREAMS, members: 'desiredSize close(0) enqueue(0) error(0)' },
  ReadableStreamDefaultReader: { source: STREAMS, members: 'new(1) closed cancel(0) read(0) releaseLock(0)' },
  Request: {
    source: FETCH,
    members: `new(1) method url headers destination referrer referrerPolicy mode credentials cache redirect integrity keepalive isReloadNavigation isHistoryNavigation signal duplex clone(0) ${BODY}`,
  },
  Response: { source: FETCH, members: `new(0) type url redirected status ok statusText headers clone(0) ${BODY} static:error(0) static:json(1) static:redirect(1)` },
  SubtleCrypto: {
    source: CRYPTO, tool: 'crypto',
    members: 'encrypt(3) decrypt(3) sign(3) verify(4) digest(2) generateKey(3) deriveKey(5) deriveBits(2) importKey(5) exportKey(2) wrapKey(4) unwrapKey(7)',
  },
  TextDecoder: { source: ENCODING, members: 'new(0) encoding fatal ignoreBOM decode(0)' },
  TextDecoderStream: { source: ENCODING, members: 'new(0) encoding fatal ignoreBOM readable writable' },
  TextEncoder: { source: ENCODING, members: 'new(0) encoding encode(0) encodeInto(2)' },
  TextEncoderStream: { source: ENCODING, members: 'new(0) encoding readable writable' },
  TransformStream: { source: STREAMS, members: 'new(0) readable writable' },
  TransformStreamDefaultController: { source: STREAMS, members: 'desiredSize enqueue(0) error(0) terminate(0)' },
  URL: {
    source: URLS,
    members: 'new(1) href= origin protocol= username= password= host= hostname= port= pathname= search= searchParams hash= toString(0) toJSON(0) static:parse(1) static:canParse(1) static:createObjectURL(1) static:revokeObjectURL(1)',
  },
  URLPattern: { source: 'https://urlpattern.spec.whatwg.org/', members: 'new(0) protocol username password hostname port pathname search hash hasRegExpGroups test(0) exec(0)' },
  URLSearchParams: { source: URLS, members: `new(0) size append(2) delete(1) get(1) getAll(1) has(1) set(2) sort(0) toString(0) ${PAIRS}` },
  WritableStream: { source: STREAMS, members: 'new(0) locked abort(0) close(0) getWriter(0)' },
  WritableStreamDefaultController: { source: STREAMS, members: 'signal error(0)' },
  WritableStreamDefaultWriter: { source: STREAMS, members: 'new(1) closed desiredSize ready abort(0) close(0) releaseLock(0) write(0)' },
}

/** Functions of the global object, with their lengths. */
export const FUNCTIONS: Readonly<Record<string, { length: number, source: string, tool?: string }>> = {
  atob: { length: 1, source: HTML },
  btoa: { length: 1, source: HTML },
  clearInterval: { length: 0, source: HTML },
  clearTimeout: { length: 0, source: HTML },
  fetch: { length: 1, source: FETCH, tool: 'fetch' },
  queueMicrotask: { length: 1, source: HTML },
  reportError: { length: 1, source: HTML },
  setInterval: { length: 1, source: HTML },
  setTimeout: { length: 1, source: HTML },
  structuredClone: { length: 1, source: HTML },
}

/** Objects of the global object: the interface that each is of, or the methods that a namespace has. */
export const OBJECTS: Readonly<Record<string, { of?: string, methods?: string, source: string, tool?: string }>> = {
  console: {
    source: 'https://console.spec.whatwg.org/',
    methods: 'assert(0) clear(0) count(0) countReset(0) debug(0) dir(0) dirxml(0) error(0) group(0) groupCollapsed(0) groupEnd(0) info(0) log(0) table(0) time(0) timeEnd(0) timeLog(0) trace(0) warn(0)',
  },
  crypto: { of: 'Crypto', source: CRYPTO, tool: 'crypto' },
  navigator: { of: 'Navigator', source: HTML },
  performance: { of: 'Performance', source: 'https://w3c.github.io/hr-time/' },
  self: { source: HTML },
  onerror: { source: HTML },
  onrejectionhandled: { source: HTML },
  onunhandledrejection: { source: HTML },
  WebAssembly: { source: 'https://webassembly.github.io/spec/js-api/' },
}

/** What is not there on purpose, and why. Whether it is there is found out all the same. */
export const REASONS: Readonly<Record<string, string>> = {
  ErrorEvent: 'an error that nobody catches fails the run',
  PromiseRejectionEvent: 'a rejection that nobody handles fails the run',
  WebAssembly: 'its memory is out of reach of the limit on memory',
  onerror: 'an error that nobody catches fails the run',
  onrejectionhandled: 'a rejection that nobody handles fails the run',
  onunhandledrejection: 'a rejection that nobody handles fails the run',
}
