import { type AttackGroup, inEntry, isStoppedBy, refuses, throws } from '../attack.ts'

const unwritable = (message: string) => refuses('RESULT_NOT_SERIALIZABLE', 'TypeError', `Cannot write ${message}`)
const limits = { timeoutMs: 150 }
/** Every trap there is, throwing. */
const THROWS_ALWAYS = `new Proxy({}, new Proxy({}, { get (_, trap) { throw new Error(trap) } }))`

/** Values that answer with code when they are looked at: proxies, getters, and methods that the language calls. */
export const proxies: AttackGroup = {
  name: 'escape by proxy',
  attacks: [
    { name: 'a proxy that throws whatever is done, as the result', code: inEntry(`return ${THROWS_ALWAYS}`), end: throws('get') },
    {
      name: 'a proxy that throws whatever is done, inside the result',
      code: inEntry(`return { list: [${THROWS_ALWAYS}] }`),
      end: unwritable('result.list[0] as JSON: reading it threw get'),
    },
    {
      name: 'a proxy that throws whatever is done, logged in every way',
      code: inEntry(`const p = ${THROWS_ALWAYS}; for (const name of ['log', 'dir', 'table', 'assert', 'group', 'dirxml', 'error']) console[name](p, p); console.log('%s%d%i%f%j%o%O%c', p, p, p, p, p, p, p, p); return 1`),
      end: { result: 1 },
      logs: ['[unreadable] [unreadable]', '[unreadable]', '[unreadable]', '[unreadable] [unreadable]', '  [unreadable] [unreadable]', '  [unreadable] [unreadable]', '  [unreadable]NaNNaNNaN[unreadable][unreadable][unreadable]'],
    },
    { name: 'a proxy that throws whatever is done, thrown', code: inEntry(`throw ${THROWS_ALWAYS}`), end: throws('[unreadable]', 'Exception') },
    {
      name: 'a proxy that throws whatever is done, as what tools of the guest are given',
      code: inEntry(`const p = ${THROWS_ALWAYS}, said = []; for (const attempt of [() => context.progress(p), () => context.progress(1, p), () => clearTimeout(p), () => setTimeout(p), () => setTimeout(() => {}, p), () => queueMicrotask(p), () => clearInterval(p)]) { try { said.push(typeof attempt()) } catch (error) { said.push(error.message) } } return said`),
      end: { result: ['Cannot report progress: the value is not a finite number', 'get', 'get', 'Cannot start timer: the callback is not a function', 'get', 'Cannot queue microtask: the callback is not a function', 'get'] },
    },
    {
      name: 'a revoked proxy as the result',
      code: inEntry('const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return [proxy]'),
      end: unwritable("result[0] as JSON: reading it threw Cannot perform 'get' on a proxy that has been revoked"),
    },
    {
      name: 'a revoked proxy of an array, logged and tabled',
      code: inEntry('const { proxy, revoke } = Proxy.revocable([], {}); revoke(); console.log(proxy); console.table(proxy); console.table([1], proxy); return 1'),
      end: { result: 1 },
      logs: ['[unreadable]', '[unreadable]', '[ 1 ]'],
    },
    {
      name: 'a proxy that is revoked while it is written',
      code: inEntry('const { proxy, revoke } = Proxy.revocable({ a: 1, get b () { revoke(); return 2 }, c: 3 }, {}); return proxy'),
      end: unwritable("result as JSON: reading it threw Cannot perform 'get' on a proxy that has been revoked"),
    },
    {
      name: 'a proxy of itself without an end',
      code: inEntry('const endless = new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (_, key) => key === "a" ? endless : undefined }); console.log(endless); return endless'),
      end: unwritable('result.a as JSON: it refers back to result'),
      logs: ['{ a: 1 }'],
    },
    {
      name: 'a new proxy at every level without an end',
      code: inEntry('const deeper = () => new Proxy({}, { ownKeys: () => ["a"], getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (_, key) => key === "a" ? deeper() : undefined }); return deeper()'),
      end: unwritable('result as JSON: it is nested too deeply'),
    },
    {
      name: 'a list of keys that never ends in its number',
      code: inEntry('return new Proxy({}, { ownKeys: () => Array.from({ length: 200_000 }, (_, i) => "k" + i), getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }), get: (_, key) => key === "toJSON" || key === "then" ? undefined : "v".repeat(100) })'),
      options: { limits: { resultBytes: 1000 } },
      end: { codes: ['RESULT_TOO_LARGE'], name: 'RangeError', limit: { name: 'resultBytes', configured: 1000 } },
    },
    {
      name: 'an array by proxy whose length is a lie',
      code: inEntry('return new Proxy([], { get: (_, key) => key === "length" ? 2 ** 53 - 1 : key === "toJSON" || key === "then" ? undefined : 7 })'),
      options: { limits: { resultBytes: 1000 } },
      end: { codes: ['RESULT_TOO_LARGE'], name: 'RangeError', limit: { name: 'resultBytes', configured: 1000 } },
    },
    {
      name: 'an array by proxy whose length changes',
      code: inEntry('let n = 3; return new Proxy([], { get: (_, key) => key === "length" ? n++ : key === "toJSON" || key === "then" ? undefined : n })'),
      end: { result: [4, 4, 4] },
    },
    {
      name: 'a value that is another one when it is read again',
      code: inEntry('let n = 0; return { get a () { return n++ === 0 ? 1n : "fine" } }'),
      end: unwritable('result.a as JSON: it cannot be written as JSON'),
    },
    {
      name: 'toJSON that answers ever larger values',
      code: inEntry('let n = 0; return { toJSON () { return Array.from({ length: 1000 }, () => ({ toJSON: () => "x".repeat(10_000) })) } }'),
      options: { limits: { resultBytes: 100_000 } },
      end: { codes: ['RESULT_TOO_LARGE'], name: 'RangeError', limit: { name: 'resultBytes', configured: 100_000 } },
    },
    {
      name: 'toJSON that answers a value with toJSON, shared and without an end',
      code: inEntry('const make = () => ({ toJSON () { return [make(), make()] } }); return make()'),
      end: unwritable('result as JSON: it is nested too deeply'),
    },
    {
      name: 'toJSON that calls the end of the run from within',
      code: inEntry('return { toJSON () { for (let i = 0; i < 50; i++) setTimeout(() => {}, 1e6); return 1 } }'),
      options: { limits: { timers: 10 } },
      end: { codes: ['TIMER_LIMIT'], name: 'RangeError', message: 'Cannot start timer: 10 are pending, the limit', limit: { name: 'timers', configured: 10 } },
    },
    {
      name: 'raw JSON in the place of values',
      code: inEntry('return { big: JSON.rawJSON("123456789012345678901234567890"), text: JSON.rawJSON(\'"\\\\u0000"\'), no: JSON.rawJSON("null"), exponent: [JSON.rawJSON("1e5")] }'),
      end: { result: { big: Number('123456789012345678901234567890'), text: '\0', no: null, exponent: [1e5] } },
    },
    {
      name: 'raw JSON that is no JSON',
      code: inEntry('const made = []; for (const text of ["{}", "[1]", "1 2", "1,2", "", " 1", "1\\n", "//", "NaN", "undefined", "\\"\\n\\""]) { try { JSON.rawJSON(text); made.push(text) } catch (error) { if (error.name !== "SyntaxError") made.push(error.name) } } return made'),
      end: { result: [] },
    },
    {
      name: 'raw JSON that is larger than it looks',
      code: inEntry('return Array(100).fill(JSON.rawJSON(\'"\' + "x".repeat(10_000) + \'"\'))'),
      options: { limits: { resultBytes: 10_000 } },
      end: { codes: ['RESULT_TOO_LARGE'], name: 'RangeError', message: 'Cannot return result: it is 1000301 bytes, more than resultBytes of 10000', limit: { name: 'resultBytes', configured: 10_000 } },
    },
    {
      name: 'a getter that never ends, in the result',
      code: inEntry('return { get a () { for (;;) {} } }'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'traps that never end, logged',
      code: inEntry('console.log(new Proxy({}, { getOwnPropertyDescriptor () { for (;;) {} }, ownKeys: () => ["a"] }))'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'traps that never end, tabled',
      code: inEntry('console.table([new Proxy({}, { ownKeys () { for (;;) {} } })])'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'getPrototypeOf that never ends, thrown',
      code: inEntry('throw new Proxy({}, { getPrototypeOf () { for (;;) {} } })'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'a proxy with the prototype of errors',
      code: inEntry('const p = new Proxy({ name: "TimeoutError", message: "m" }, { getPrototypeOf: () => RangeError.prototype }); console.log(p); throw p'),
      end: throws('m', 'TimeoutError'),
      logs: ['[TimeoutError: m]'],
    },
    {
      name: 'a typed array with a length of its own',
      code: inEntry('const list = new Uint8Array(3); Object.defineProperty(list, "length", { value: { valueOf () { return 1e9 }, toString () { return "many" } } }); console.log(list); console.log(Object.defineProperty(new Uint8Array(3), "length", { value: -1n })); return 1'),
      end: { result: 1 },
      logs: [`Uint8Array(many) [\n  0,\n  0,\n  0,\n${'  <empty>,\n'.repeat(97)}  … 999999900 more\n]`, '[unreadable]'],
    },
    {
      name: 'class names with a price',
      code: inEntry('class A { static name = { toString () { throw 1 } } } class B { static get name () { throw 1 } } console.log(new A(), new B(), Object.create({ constructor: { name: "x" } }), Object.create({ get constructor () { throw 1 } })); return 1'),
      end: { result: 1 },
      logs: ['{} {} {} {}'],
    },
    {
      name: 'a Map and a Set whose methods are their own',
      code: inEntry('const m = new Map([[1, 2]]), s = new Set([1]); for (const c of [m, s]) for (const key of ["forEach", "entries", "size", Symbol.iterator, "get", "has"]) Object.defineProperty(c, key, { get () { throw 1 } }); console.log(m, s, new Proxy(m, {}), Object.create(Map.prototype)); return 1'),
      end: { result: 1 },
      logs: ['Map(1) { 1 => 2 } Set(1) { 1 } Map {} Map {}'],
    },
    {
      name: 'a Map that grows while it is logged',
      code: inEntry('const m = new Map(); m.set({ [Symbol.toStringTag]: "x" }, new Proxy({}, { ownKeys () { for (let i = 0; i < 10; i++) m.set(m.size, 1); return [] } })); console.log([m].length); console.log(m.size); return 1'),
      end: { result: 1 },
      logs: ['1', '1'],
    },
    {
      name: 'keys of a megabyte, logged and tabled',
      code: inEntry('const key = "k".repeat(1e6); console.log({ [key]: 1 }.constructor === Object); console.table([{ [key]: 1 }]); return 1'),
      options: { limits: { logBytes: 1000 } },
      end: { result: 1 },
    },
    {
      name: 'console methods on receivers of all kinds',
      code: inEntry('for (const self of [null, 1, "x", Symbol(), console, new Proxy({}, {})]) for (const name of ["log", "count", "group", "groupEnd", "assert"]) console[name].call(self, name === "assert" ? true : "a"); new (class extends Object { log = console.log })().log("mine"); return 1'),
      options: { limits: { logLines: 0 } },
      end: { result: 1 },
    },
    {
      name: 'messages that look like lines of the log',
      code: inEntry('console.log(\'"],[0,"error","forged"\'); console.log("x\\u0000\\u001f\\u2028"); console.log("\\ud800"); return 1'),
      end: { result: 1 },
      logs: ['"],[0,"error","forged"', 'x\u0000\u001f\u2028', '\ud800'],
    },
  ],
}
