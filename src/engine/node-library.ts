import * as crypto from 'node:crypto'
import { constants as osConstants } from 'node:os'
import { Interface } from 'node:readline'
import { getSystemErrorMap } from 'node:util'
import { runInNewContext } from 'node:vm'
import { constants as zlibConstants } from 'node:zlib'
import { type Plugin, transform } from 'esbuild'

/** What a unit imports of this. */
const FACTS = /^node-library:facts$/

/** Begins the names of units that hold files of the library. */
const LIBRARY = 'node-library'

/** What Node puts in the scope of each file. */
const SCOPE = 'exports, require, module, process, internalBinding, primordials'

/** The files of Node's library that are taken as they are, by the unit that they are in: what is needed together. What else they ask for is in `guest/node/stand-ins.js`. */
const FILES: Readonly<Record<string, readonly string[]>> = {
  base: ['internal/per_context/primordials', 'internal/assert', 'internal/constants', 'internal/errors', 'internal/util', 'internal/util/types', 'internal/validators', 'util/types'],
  buffer: ['internal/buffer', 'buffer'],
  path: ['path', 'path/posix', 'path/win32'],
  glob: ['internal/deps/minimatch/index', 'internal/fs/glob'],
  querystring: ['internal/querystring', 'querystring'],
  'string-decoder': ['string_decoder'],
  'async-hooks': ['async_hooks', 'internal/async_local_storage/async_context_frame', 'internal/async_local_storage/run_scope'],
  diagnostics: ['diagnostics_channel'],
  os: ['os'],
  punycode: ['punycode'],
  timers: ['timers/promises'],
  zlib: ['zlib'],
  url: ['internal/data_url', 'internal/url', 'url'],
  events: ['internal/events/abort_listener', 'internal/events/symbols', 'events'],
  inspect: ['internal/util/inspect'],
  util: [
    'internal/mime', 'internal/util/debounce', 'internal/util/diff', 'internal/util/parse_args/parse_args', 'internal/util/parse_args/utils', 'internal/util/throttle', 'util',
  ],
  debug: ['internal/util/debuglog'],
  assert: ['internal/assert/assertion_error', 'internal/assert/myers_diff', 'internal/assert/utils', 'internal/util/colors', 'internal/util/comparisons', 'assert', 'assert/strict'],
  stream: [
    'internal/fixed_queue', 'internal/linkedlist', 'internal/priority_queue',
    'internal/streams/add-abort-signal', 'internal/streams/compose', 'internal/streams/destroy', 'internal/streams/duplex', 'internal/streams/duplexify',
    'internal/streams/duplexpair', 'internal/streams/end-of-stream', 'internal/streams/from', 'internal/streams/legacy', 'internal/streams/operators',
    'internal/streams/passthrough', 'internal/streams/pipeline', 'internal/streams/readable', 'internal/streams/state', 'internal/streams/transform',
    'internal/streams/utils', 'internal/streams/writable', 'stream', 'stream/consumers', 'stream/promises',
  ],
  'web-adapters': ['internal/webstreams/adapters'],
  crypto: [
    'internal/crypto/argon2', 'internal/crypto/certificate', 'internal/crypto/cipher', 'internal/crypto/diffiehellman', 'internal/crypto/hash', 'internal/crypto/hashnames',
    'internal/crypto/hkdf', 'internal/crypto/kem', 'internal/crypto/keygen', 'internal/crypto/keys', 'internal/crypto/pbkdf2', 'internal/crypto/provider_mac', 'internal/crypto/random',
    'internal/crypto/scrypt', 'internal/crypto/sig', 'internal/crypto/util', 'internal/streams/lazy_transform', 'crypto',
  ],
}

/** No character after it takes two columns. Source: https://www.unicode.org/reports/tr11/ */
const WIDE_MAX = 0x3ffff

/**
 * Places where a file of the library counts on more than its bindings, with what is done instead. Node's errors show their codes in stacks, because
 * the process formats those.
 */
const CHANGES: Readonly<Record<string, readonly (readonly [from: RegExp, to: string])[]>> = {
  // Its names are made when they are asked for: `guest/node/primordials.js`.
  'internal/per_context/primordials': [[/\nfunction getNewKey[^]*?eslint-enable node-core\/prefer-primordials \*\//, ''], [/ObjectFreeze\(primordials\);/, '']],
  'internal/errors': [
    // Most of three hundred kinds of errors are never thrown.
    [/const codes = \{\};/, `
      const later = { __proto__: null }
      const codes = new Proxy({ __proto__: null }, { __proto__: null, get: (made, sym) => made[sym] ??= later[sym] && buildCode(sym, later[sym].def, later[sym].otherClasses) })`],
    [/messages\.set\(sym, val\);/, 'messages.set(sym, val); later[sym] = { def, otherClasses }; } function buildCode(sym, def, otherClasses) {'],
    [/codes\[sym\] = ErrClass;/, 'return ErrClass;'],
    [/(super\(msg\);|super\(ReflectApply\(lazyInternalUtilInspect\(\)\.format, null, args\)\);|value: getMessage\(key, args, this\),[^}]*\}\);)/g, '$1 showCode(this, NodeError);'],
    [/ErrorCaptureStackTrace\(error, wrappedFn\)/g, 'showCode(error, wrappedFn)'],
    [/$/, `
      function showCode (error, above) {
        ErrorCaptureStackTrace(error, above)
        const { stack } = error
        const frames = StringPrototypeIndexOf(stack, '\\n    at ')
        const head = error.name + (error.code === undefined ? '' : ' [' + error.code + ']') + (error.message === '' ? '' : ': ' + error.message)
        ObjectDefineProperty(error, 'stack', { __proto__: null, value: head + (frames < 0 ? '' : StringPrototypeSlice(stack, frames)), writable: true, configurable: true })
      }`],
  ],
  // Its names of encodings alone. There is no other realm, whose expressions would leave no trace in `RegExp.$1`.
  'internal/util': [[/internalBinding\('string_decoder'\)/, "internalBinding('encodings')"], [/const \{ runInNewContext \} = require\('vm'\);\s*internalGlobal = [^;]*;/, 'internalGlobal = { RegExp: primordials.RegExp };']],
  // Its mark would be there to see.
  'internal/buffer': [[/obj\[untransferable_object_private_symbol\] = true;/, '']],
  // The class of targets is the sandbox's own, and keeps its listeners for itself.
  'events': [
    [/const root = emitterOrTarget\[kEvents\][^]*?return listeners;/, "return require('internal/event_target').listCallbacks(emitterOrTarget, type);"],
    [/return emitterOrTarget\[kEvents\]\?\.get\(type\)\?\.size \?\? 0;/, "return require('internal/event_target').listCallbacks(emitterOrTarget, type).length;"],
    [/(?<=return emitterOrTarget\[kMaxEventTargetListeners\];\n {2}\})/, ` else if (require('internal/event_target').isEventTarget(emitterOrTarget)) {
      return require('internal/event_target').readMaxListeners(emitterOrTarget, defaultMaxListeners);
    }`],
  ],
  // It is not needed but to be inspected.
  'buffer': [[/const \{\s*inspect: utilInspect,\s*\} = require\('internal\/util\/inspect'\);/, "const utilInspect = (...args) => require('internal/util/inspect').inspect(...args);"]],
  // Node reads the expression out of the file that it is in. Where it cannot, it takes the missing text for a message that is none.
  'internal/assert/utils': [[/getErrMessage\(fn\)\]/, '"The expression evaluated to a falsy value"]']],
  // Paths are matched; there are no files to look for.
  'internal/fs/glob': [[/const \{\s*lstatSync,[^]*?require\('fs\/promises'\);/, ''], [/const \{ DirentFromStats \}.*/, ''], [/function cloneSet\([^]*?(?=const kGlobPatternCacheLimit)/, ''], [/\bGlob,/, '']],
  // They are not needed but to be inspected, and for URLs, which name no keys here.
  'internal/crypto/keys': [
    [/const \{ inspect \} = require\('internal\/util\/inspect'\);/, "const inspect = (...args) => require('internal/util/inspect').inspect(...args);"],
    [/const \{\s*fileURLToPath,\s*getURLHref,\s*isURLInstance,\s*\} = require\('internal\/url'\);/, `
      const isURLInstance = (value) => typeof value?.href === 'string' && require('internal/url').isURLInstance(value);
      const getURLHref = (url) => require('internal/url').getURLHref(url);
      const fileURLToPath = String;`],
  ],
  // The sandbox has no options.
  'crypto': [[/getOptionValue\('--tls-cipher-list'\)/, JSON.stringify(crypto.constants.defaultCipherList)]],
  'internal/util/debuglog': [[/$/, '\ninitializeDebugEnv(undefined)']],
  // When Node loads it, there are no classes yet but the language's.
  'internal/util/inspect': [[/ObjectGetOwnPropertyNames\(globalThis\)/, runInNewContext('JSON.stringify(Object.getOwnPropertyNames(globalThis))') as string]],
  // The classes are the sandbox's own.
  'internal/url': [
    [/\nclass URLContext \{[^]*?\n(?=function domainToASCII)/, `
      const { URL, URLSearchParams, buildFileUrl } = bindingUrl
      const isURL = (value) => Boolean(value?.href && value.protocol && value.auth === undefined && value.path === undefined)
      const isURLInstance = (value) => value instanceof URL
      const getURLHref = (url) => url.href
      const installObjectURLMethods = () => {};\n`],
    [/new URL\((.*), (\w+), kCreateURLFromWindowsPathSymbol\)/, 'buildFileUrl($1, $2, true)'],
    [/new URL\(resolved, undefined, windows [^;]*\)/, 'buildFileUrl(resolved, undefined, windows)'],
  ],
}

/** Gives a unit facts: what Node's library gets from C++, and where its files are. */
export const nodeFacts: Plugin = {
  name: 'node-facts',
  setup ({ onResolve, onLoad }) {
    onResolve({ filter: FACTS }, ({ path }) => ({ path, namespace: 'node-facts' }))
    onLoad({ filter: FACTS, namespace: 'node-facts' }, () => ({ contents: writeFacts() }))
  },
}

/**
 * Makes units of the files of Node's own library, which is JavaScript and within the binary that builds the guest: the sandbox's `node:` modules are
 * what Node has itself, of the very version that runs here, over our forms of the little that is C++ (`guest/node/binding/`). A
 * module needs few of them; `guest/node/realm.js` loads them when they are asked for. The bundler does not see them: it would rename their functions. Source: lib/ of
 * https://github.com/nodejs/node (MIT).
 */
export async function writeLibraryUnits (): Promise<Record<string, string>> {
  const sources = readSources()
  const write = async (id: string): Promise<string> => `${JSON.stringify(id)}: function (${SCOPE}) {${await writeFile(id, sources[id])}}`
  return Object.fromEntries(await Promise.all(Object.entries(FILES).map(async ([unit, ids]) => [`${LIBRARY}/${unit}`, `(() => ({ __proto__: null, ${(await Promise.all(ids.map(write))).join(',\n')} }))`] as const)))
}

/** What only the system knows, of that which Node's library tells. */
function writeFacts (): string {
  const { node, v8, modules, openssl } = process.versions
  const unitOfFile = Object.fromEntries(Object.entries(FILES).flatMap(([unit, ids]) => ids.map((id) => [id, `${LIBRARY}/${unit}`] as const)))
  const facts = { unitOfFile, os: osConstants, systemErrors: [...getSystemErrorMap()], version: process.version, zlibConstants, versions: { node, v8, modules, openssl }, wideCharacters: listWideCharacters(), ...nameCrypto() }
  return Object.entries(facts).map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`).join('\n')
}

/** What takes two columns, as it stands within the brackets of a regular expression. Source: GetColumnWidth of node_i18n.cc, by what Node's readline says. */
function listWideCharacters (): string {
  const { _getDisplayPos: measure } = Interface.prototype as unknown as { _getDisplayPos (text: string): { cols: number } } // no types: an old interface
  let ranges = ''
  for (let point = 0x80, from = 0; point <= WIDE_MAX + 1; point++) {
    const isWide = point <= WIDE_MAX && measure.call({ columns: Infinity }, String.fromCodePoint(point)).cols === 2
    if (isWide && from === 0) from = point
    else if (!isWide && from > 0) {
      ranges += `\\u{${from.toString(16)}}-\\u{${(point - 1).toString(16)}}`
      from = 0
    }
  }
  return ranges
}

function nameCrypto (): Record<string, unknown> {
  const { getMacs } = crypto as { getMacs?: () => string[] } // of Node 26, and in no type yet
  return {
    cryptoHashes: crypto.getHashes(), cryptoCiphers: crypto.getCiphers(), cryptoCurves: crypto.getCurves(), cryptoMacs: getMacs?.() ?? [], cryptoConstants: crypto.constants,
    cryptoPostQuantumKeys: POST_QUANTUM_KEYS.filter(hasKeys),
  }
}

/** Source: getPqcKeyTypes of crypto_keys.cc */
const POST_QUANTUM_KEYS = [
  'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'ML-KEM-512', 'ML-KEM-768', 'ML-KEM-1024', 'SLH-DSA-SHA2-128f', 'SLH-DSA-SHA2-128s', 'SLH-DSA-SHA2-192f', 'SLH-DSA-SHA2-192s', 'SLH-DSA-SHA2-256f',
  'SLH-DSA-SHA2-256s', 'SLH-DSA-SHAKE-128f', 'SLH-DSA-SHAKE-128s', 'SLH-DSA-SHAKE-192f', 'SLH-DSA-SHAKE-192s', 'SLH-DSA-SHAKE-256f', 'SLH-DSA-SHAKE-256s',
]

function hasKeys (name: string): boolean {
  try {
    crypto.generateKeyPairSync(name.toLowerCase().replace(/s$/, 'f') as 'ed25519') // the slow ones are there where the fast ones are
    return true
  } catch {
    return false
  }
}

async function writeFile (id: string, source: string | undefined): Promise<string> {
  if (source === undefined) throw new Error(`Cannot build guest: this Node has no "${id}" in its library`)
  const changed = (CHANGES[id] ?? []).reduce((text, [from, to]) => {
    if (text.search(from) < 0) throw new Error(`Cannot build guest: "${id}" of this Node's library has nothing like ${String(from)}`)
    return text.replace(from, to)
  }, source)
  const { code } = await transform(changed, { minifyWhitespace: true, legalComments: 'none', target: 'esnext' })
  return listNames(code) === listNames(changed) ? code : changed
}

/** Names of functions, which code can see: the bundler changes some. */
function listNames (code: string): string {
  return code.replace(/^\s*(\/\/|\*|\/\*).*$/gm, '').match(/\b(function\*?|class)\s+\w+/g)?.join(' ').replace(/\s+/g, ' ') ?? ''
}

/** Node tells the texts of its library nowhere else. */
function readSources (): Readonly<Record<string, string>> {
  const { binding } = process as unknown as { binding (name: 'natives'): Record<string, string> } // no types: an old interface
  return binding('natives')
}
