import { type AttackGroup, inEntry, isStoppedBy, throws } from '../attack.ts'

const rejects = (message: string, name = 'Error') => ({ codes: ['UNHANDLED_REJECTION'] as const, name, message })
const limits = { timeoutMs: 150 }

/** Promises, thenables and everything else that decides when and with what a run is over. */
export const promises: AttackGroup = {
  name: 'escape by promise',
  attacks: [
    {
      name: 'a thenable that resolves twice and throws',
      code: inEntry('return { then (resolve, reject) { resolve(1); resolve(2); reject(new Error("late")); throw new Error("later") } }'),
      end: { result: 1 },
    },
    {
      name: 'a thenable that keeps the functions it is given',
      code: inEntry('const kept = []; const value = await { then (...given) { kept.push(...given); given[0]("in") } }; return { then (...given) { kept.push(...given); given[0]([value, kept.map((f) => [typeof f, f.name, f.length, Object.keys(f).length, String(f)])]) } }'),
      end: { result: ['in', Array.from({ length: 4 }, () => ['function', '', 1, 0, 'function () { [native code] }'])] },
    },
    {
      name: 'a thenable whose then is a getter that counts',
      code: inEntry('let asked = 0; const value = { get then () { asked++; return undefined }, count: () => asked, toJSON () { return asked } }; return value'),
      end: { result: 1 },
    },
    {
      name: 'a thenable that answers itself',
      code: 'const again = { then (resolve) { resolve(again) } }; export default () => again',
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'a promise that is resolved with itself',
      code: inEntry('let resolve; const self = new Promise((given) => { resolve = given }); resolve(self); return self'),
      end: throws('Chaining cycle detected for promise #<Promise>', 'TypeError'),
    },
    {
      name: 'then on Object.prototype, which is as in any JavaScript',
      code: 'Object.prototype.then = function (resolve) { delete Object.prototype.then; resolve("stolen") }\nexport default () => ({ a: 1 })',
      end: { result: 'stolen' },
    },
    {
      name: 'then on Object.prototype that looks for objects of the guest',
      code: `const seen = []; Object.defineProperty(Object.prototype, 'then', { configurable: true, get () { seen.push(Object.prototype.toString.call(this) + Reflect.ownKeys(this).map(String).join()); return undefined } })\n${inEntry('await null; await new Promise((resolve) => setTimeout(resolve, 1)); console.log("x"); delete Object.prototype.then; return [...new Set(seen)].filter((text) => !text.startsWith("[object Promise]"))')}`,
      end: { result: [] },
      logs: ['x'],
    },
    {
      name: 'Promise.prototype.then that hands on what it likes',
      code: 'Promise.prototype.then = function (f) { return f({ forged: true }) }\nexport default async () => "mine"',
      end: { result: 'mine' },
    },
    {
      name: 'Promise.prototype.then that throws',
      code: 'Promise.prototype.then = () => { throw new Error("then") }; Promise.prototype.catch = Promise.prototype.finally = Promise.prototype.then\nexport default () => Promise.resolve(1)',
      end: { result: 1 },
    },
    {
      name: 'Promise.prototype.constructor as a getter',
      code: 'Object.defineProperty(Promise.prototype, "constructor", { get () { throw new Error("asked") } })\nexport default async () => 1',
      end: throws('asked'),
    },
    {
      name: 'Promise.prototype.constructor that is another class',
      code: 'class Other { constructor (f) { f(() => {}, () => {}) } static resolve () { return new Other(() => {}) } } Promise.prototype.constructor = Other\nexport default async () => 1',
      end: { result: 1 },
    },
    {
      name: 'Promise replaced on the global object',
      code: `globalThis.Promise = class { constructor () { throw new Error('made') } static resolve () { throw new Error('resolved') } }\n${inEntry('await 1; queueMicrotask(() => {}); return [1]')}`,
      end: { result: [1] },
    },
    {
      name: 'Symbol.species that makes no promises',
      code: 'Object.defineProperty(Promise, Symbol.species, { get () { throw new Error("species") } })\nexport default async () => { await null; return 1 }',
      end: { result: 1 },
    },
    {
      name: 'a subclass with a then of its own',
      code: 'class Lazy extends Promise { then (...given) { return super.then(...given.map((f) => f && (() => f("changed")))) } }\nexport default () => Lazy.resolve(1)',
      end: { result: 'changed' },
    },
    {
      name: 'an await of a proxy of a promise',
      code: inEntry('return new Proxy(Promise.resolve(1), {})'),
      end: throws(/^Method Promise\.prototype\.then called on incompatible receiver/, 'TypeError'),
    },
    {
      name: 'a top-level await that never ends',
      code: 'await new Promise(() => {})\nexport default () => 1',
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    { name: 'a top-level await that fails', code: 'await Promise.reject(new TypeError("top"))\nexport default () => 1', end: throws('top', 'TypeError') },
    {
      name: 'a top-level await of a thenable that resolves twice',
      code: 'let n = 0; await { then (resolve) { resolve(++n); resolve(++n) } }; await null\nexport default () => n',
      end: { result: 2 },
    },
    {
      name: 'an entry that is called while its module still waits',
      code: 'export default () => state\nlet state = "early"; await new Promise((resolve) => setTimeout(resolve, 5)); state = "late"',
      end: { result: 'late' },
    },
    { name: 'a rejection that nobody handles beside a result', code: inEntry('Promise.reject(new Error("left")); return 1'), end: rejects('left') },
    {
      name: 'a rejection that is handled before the turn ends',
      code: inEntry('const p = Promise.reject(new Error("x")); await 0; p.catch(() => {}); return 1'),
      end: { result: 1 },
    },
    {
      name: '20,000 rejections that nobody handles',
      code: inEntry('for (let i = 0; i < 20_000; i++) Promise.reject(new Error("e" + i)); return 1'),
      end: rejects('e0'),
    },
    {
      name: 'a rejection with a revoked proxy',
      code: inEntry('const { proxy, revoke } = Proxy.revocable(new Error("x"), {}); revoke(); Promise.reject(proxy); return 1'),
      end: rejects('An object that is not an Error', 'Exception'),
    },
    {
      name: 'a rejection whose error is described by traps',
      code: inEntry('Promise.reject(new Proxy(new Error("real"), { get () { return "trapped" }, getPrototypeOf () { return Error.prototype } })); return 1'),
      end: { codes: ['UNHANDLED_REJECTION'], name: 'trapped' },
    },
    {
      name: 'a rejection inside of a rejection\'s handler, without an end',
      code: inEntry('const again = () => Promise.reject(new Error("x")).catch(again); await again()'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'work that goes on after the result',
      code: inEntry('setTimeout(() => { console.log("late"); throw new Error("late") }, 1); (async () => { for (;;) { await null; console.log("late") } })(); return 1'),
      options: { limits: { timeoutMs: 300, logLines: 0 } },
      end: isStoppedBy('TIMEOUT', 300),
    },
    {
      name: 'a result and an error in the same turn',
      code: inEntry('setTimeout(() => { context.progress(1); throw new Error("second") }); queueMicrotask(() => { throw new Error("first") }); return 1'),
      end: throws('first'),
    },
    { name: 'an async generator as the entry', code: 'export default async function * () { yield 1; yield 2 }', end: { result: {} } },
    {
      name: 'a class as the entry',
      code: 'export default class { constructor () { return { stolen: true } } }',
      end: throws("Class constructor default cannot be invoked without 'new'", 'TypeError'),
    },
    {
      name: 'a proxy as the entry, which sees its arguments',
      code: 'export default new Proxy(function () {}, { apply (target, self, given) { given[0] = 1; given.push(2); return [self === undefined, given.length, Object.isFrozen(given[1])] } })',
      end: { result: [true, 3, true] },
    },
    {
      name: 'a bound function as the entry',
      code: 'export default (function () { return [this, ...arguments].slice(0, 2) }).bind("me", "first")',
      end: { result: ['me', 'first'] },
    },
    {
      name: 'a microtask queued in the microtask of a getter of the result',
      code: inEntry('let n = 0; return { get a () { queueMicrotask(() => { n = 1 }); return n }, get b () { return n } }'),
      end: { result: { a: 0, b: 0 } },
    },
    {
      name: 'an async iterator whose return never ends',
      code: inEntry('const endless = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: () => new Promise(() => {}) }) }; for await (const x of endless) break; return 1'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    {
      name: 'Array.fromAsync of what never ends',
      code: inEntry('return await Array.fromAsync({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) })'),
      options: { limits },
      end: isStoppedBy('TIMEOUT', 150),
    },
    ...['for (;;);', 'for (;;) console.log("late")', 'for (;;) echo.say("late")', 'for (;;) setTimeout(() => {}, 1)'].map((late) => ({
      name: `callbacks of a FinalizationRegistry that never end, behind a result: ${late}`,
      code: `export default () => { const registry = new FinalizationRegistry(() => { ${late} }); for (let i = 0; i < 2000; i++) registry.register({}, i); for (let i = 0; i < 30; i++) new Array(1e6).fill(1); return 1 }`,
      options: { tools: ['echo'], limits: { logLines: 0 } },
      end: { result: 1 },
    })),
    {
      name: 'callbacks of a FinalizationRegistry that throw and log',
      code: inEntry('let held; const registry = new FinalizationRegistry(() => { console.log("x"); throw new Error("in the registry") }); for (let i = 0; i < 100; i++) { for (let j = 0; j < 20; j++) registry.register({}, j); held = new Array(1e5).fill(i); await new Promise((resolve) => setTimeout(resolve, 1)) } return 1'),
      options: { limits: { logLines: 10 } },
      end: { result: 1 },
    },
  ],
}
