import { type AttackGroup, inEntry, NOTHING_FOUND, throws } from '../attack.ts'

/** Names that are on the global object of some host, and that no host should ever have put there for user code. */
const HOST_NAMES = ['process', 'module', 'exports', '__dirname', '__filename', 'global', 'GLOBAL', 'root', 'ivm', '_ivm', 'isolate', 'gc', 'd8', 'print', 'read', 'readbuffer', 'load', 'quit', 'version', 'os', 'Deno', 'Bun', 'v8',
  'Worker', 'SharedWorker', 'importScripts', 'XMLHttpRequest', 'WebSocket', 'EventSource', 'localStorage', 'sessionStorage', 'indexedDB', 'caches', 'document', 'window', 'parent', 'top', 'frames', 'opener', 'location', 'setImmediate', 'internalBinding',
  'primordials', 'WebAssembly', 'SharedArrayBuffer', 'ShadowRealm', 'batchbox', 'batchbox:start', 'guest', 'start', 'post', '$262', 'testRunner', 'inspector', 'Storage', 'Buffer$', 'v8BreakIterator']

/** What somebody wants to know about the machine, the service and its other users. */
export const hostInformation: AttackGroup = {
  name: 'host information',
  attacks: [
    {
      name: 'globals of a host',
      code: inEntry(`return ${JSON.stringify(HOST_NAMES)}.filter((name) => name in globalThis || name in Intl)`),
      end: NOTHING_FOUND,
    },
    {
      name: 'symbols on the global object and on what the host gave',
      code: inEntry('return [globalThis, context, context.tags, context.progress].flatMap((value) => Object.getOwnPropertySymbols(value).map(String)).filter((name) => name !== "Symbol(Symbol.toStringTag)")'),
      end: NOTHING_FOUND,
    },
    {
      name: 'time zone, by every way to ask',
      code: inEntry('return [Intl.DateTimeFormat().resolvedOptions().timeZone, Temporal.Now.timeZoneId(), new Date(0).getTimezoneOffset(), String(new Date(0)), new Date(2020, 6, 1).toISOString(), Temporal.Now.zonedDateTimeISO().offset, new Date(0).toLocaleTimeString("en", { timeZoneName: "long" })]'),
      end: { result: ['UTC', 'UTC', 0, 'Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)', '2020-07-01T00:00:00.000Z', '+00:00', '12:00:00 AM Coordinated Universal Time'] },
    },
    {
      name: 'locale, by every way to ask',
      code: inEntry('return [...new Set([Intl.DateTimeFormat, Intl.NumberFormat, Intl.Collator, Intl.PluralRules, Intl.ListFormat, Intl.RelativeTimeFormat, Intl.Segmenter, Intl.DurationFormat].map((Format) => new Format().resolvedOptions().locale)), (1234567.891).toLocaleString(), new Date(0).toLocaleDateString(), ["ä", "z", "a"].sort((a, b) => a.localeCompare(b)).join(""), "I".toLocaleLowerCase(), new Intl.NumberFormat(undefined, { style: "currency", currency: "EUR" }).format(1.5)]'),
      end: { result: ['en-US', '1,234,567.891', '1/1/1970', 'aäz', 'i', '€1.50'] },
    },
    {
      name: 'numbering system, calendar and hour cycle of the host',
      code: inEntry('const { calendar, numberingSystem } = Intl.DateTimeFormat().resolvedOptions(); return [calendar, numberingSystem, new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hourCycle]'),
      end: { result: ['gregory', 'latn', 'h12'] },
    },
    {
      name: 'paths in a stack of its own',
      code: inEntry('return new Error("x").stack.split("\\n").map((line) => line.replace(/:\\d+:\\d+/, ""))'),
      end: { result: ['Error: x', '    at default (job.js)', '    at run (batchbox:guest)'] },
    },
    {
      name: 'paths in stacks of errors made by natives and by the guest',
      code: inEntry(`const stacks = []; for (const fail of [() => null.x, () => setTimeout(), () => eval(''), () => JSON.parse('{'), () => queueMicrotask(), () => new ArrayBuffer(-1), () => new Proxy({}, null), () => 1n + 1, () => Symbol() + '', () => [].reduce(() => {}), () => new Intl.Locale('x-'), () => Temporal.Now.instant(1).until('x'), () => context.progress(NaN)]) { try { fail() } catch (error) { stacks.push(error.stack) } } return stacks.join('\\n').split('\\n').filter((line) => line.startsWith('    at ') && !/(job\\.js|batchbox:guest|<anonymous>)/.test(line))`),
      end: NOTHING_FOUND,
    },
    {
      name: 'files of call sites',
      code: inEntry(`Error.stackTraceLimit = 100; Error.prepareStackTrace = (error, sites) => sites.flatMap((site) => [site.getFileName(), site.getScriptNameOrSourceURL(), site.getEvalOrigin()]); const files = []; try { setTimeout() } catch (error) { files.push(...error.stack) } files.push(...new Error('x').stack); return [...new Set(files)].filter((file) => file !== undefined).sort()`),
      end: { result: ['batchbox:guest', 'job.js'] },
    },
    {
      name: 'paths in the sources of the guest\'s functions',
      code: inEntry(`const texts = [...Object.values(console), setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask, eval, Function, ArrayBuffer, context.progress, (async () => {}).constructor].map((f) => Function.prototype.toString.call(f)); return texts.filter((text) => /node_modules|file:|\\/src\\/|\\/home\\/|\\/root\\/|\\/tmp\\/|token|secret|[0-9a-f]{16}/.test(text))`),
      end: NOTHING_FOUND,
    },
    {
      name: 'what an error that ends the run says of where it was',
      code: inEntry('null.x'),
      end: { codes: ['USER_ERROR'], name: 'TypeError', message: "Cannot read properties of null (reading 'x')", stack: "TypeError: Cannot read properties of null (reading 'x')\n    at default (job.js:1:49)" },
    },
    {
      name: 'what an error inside a timer says of where it was',
      code: inEntry('setTimeout(function tick () { throw new Error("x") }, 1); await new Promise(() => {})'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x\n    at tick (job.js:1:80)' },
    },
    {
      name: 'what the module knows of its own place',
      code: 'export default () => [import.meta.url, import.meta.filename, import.meta.dirname, import.meta.resolve, import.meta.main].map((value) => typeof value)',
      end: { result: ['undefined', 'undefined', 'undefined', 'undefined', 'undefined'] },
    },
    {
      name: 'addresses in memory, by their look',
      code: inEntry(`const texts = []; for (const make of [() => String(Symbol('x')), () => new WeakRef({}).toString(), () => new Error('x').stack, () => String(Object(1n)), () => [].constructor.toString(), () => { null[{}] }, () => { undefined.x.y }, () => new Intl.DateTimeFormat().format(), () => String(new Map()), () => Object.prototype.toString.call(console.log)]) { try { texts.push(make()) } catch (error) { texts.push(error.stack) } } return texts.filter((text) => /0x[0-9a-f]{6,}|[0-9a-f]{12}/i.test(text))`),
      end: NOTHING_FOUND,
    },
    {
      name: 'memory that was used before',
      code: inEntry('const seen = new Set(); for (let i = 0; i < 200; i++) { for (const list of [new Uint8Array(4096), new Uint8Array(new ArrayBuffer(65_536)), new Uint8Array(new ArrayBuffer(8).transfer(4096))]) for (const byte of list) seen.add(byte) } return [...seen]'),
      end: { result: [0] },
    },
    {
      name: 'what the language remembers of the last match',
      code: inEntry('console.log("secret text", { a: "b-c" }); return [RegExp.input, RegExp.lastMatch, RegExp.lastParen, RegExp.leftContext, RegExp.rightContext, RegExp.$1, RegExp.$9]'),
      end: { result: ['', '', '', '', '', '', ''] },
    },
    {
      name: 'members of the context',
      code: inEntry('return [Object.keys(context).sort(), Object.keys(context.tags), context.jobId, context.attempt]'),
      options: { tags: { team: 'red' } },
      end: { result: [['attempt', 'checkpoint', 'deadline', 'env', 'jobId', 'progress', 'signal', 'tags'], ['team'], 'job-1', 1] },
    },
    {
      name: 'callers and arguments of the guest\'s functions',
      code: inEntry(`function sloppy () { return [sloppy.caller, sloppy.arguments, arguments.callee] } const found = []; for (const f of [sloppy, console.log, setTimeout, queueMicrotask, context.progress]) for (const key of ['caller', 'arguments']) { try { if (f[key] !== undefined) found.push(key) } catch (error) { if (error.name !== 'TypeError') found.push(error.name) } } return found`),
      end: NOTHING_FOUND,
    },
    {
      name: 'who called, asked by a getter inside the guest',
      code: inEntry(`const found = []; const look = function () { try { if (look.caller !== null && look.caller !== undefined) found.push('caller') } catch {} return 'x' }; console.count({ toString: look }); console.log({ [Symbol.toStringTag]: 'x', get [Symbol.toPrimitive] () { return look() } }); return { toJSON () { look(); return found } }`),
      end: NOTHING_FOUND,
    },
    {
      name: 'high resolution time',
      code: inEntry('return [typeof performance === "undefined" || performance.now() % 1 === 0 || "fine", Number.isInteger(Date.now()), new Date().getTime() % 1]'),
      end: { result: [true, true, 0] },
    },
    {
      name: 'the value of a secret in an environment',
      code: inEntry('return process.env.BATCHBOX_API_KEYS'),
      end: throws('process is not defined', 'ReferenceError'),
    },
  ],
}
