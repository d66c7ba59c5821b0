import { type Attack, type AttackGroup, inEntry, isStoppedBy, refuses } from '../attack.ts'

const TIMEOUT_MS = 100
const limits = { timeoutMs: TIMEOUT_MS, memoryMb: 256 }
const timedOut = isStoppedBy('TIMEOUT', TIMEOUT_MS)
const endless = (name: string, body: string): Attack => ({ name, code: inEntry(body), options: { limits }, end: timedOut })
const outOfProcessor = (name: string, body: string): Attack => ({ name, code: inEntry(body), options: { limits: { cpuMs: 50, timeoutMs: 20_000 } }, end: isStoppedBy('CPU_LIMIT', 50) })
const giveUp = (message: string, name = 'RangeError') => refuses('USER_ERROR', name, message)

const OWN_END = /^The process ended by itself$/
const OUT_OF_MEMORY = /^<--- Last few GCs --->\nV8: Catastrophic out-of-memory error$/

export const cpu: AttackGroup = {
  name: 'denial of service by processor time',
  attacks: [
    endless('a loop', 'for (;;);'),
    endless('a loop that catches what would stop it', 'for (;;) { try { for (;;); } catch {} finally { continue } }'),
    endless('a loop in finally', 'try { throw 1 } finally { for (;;); }'),
    { name: 'a loop while the module is evaluated', code: 'for (;;);', options: { limits }, end: timedOut },
    { name: 'a loop in a static block', code: 'class A { static { for (;;); } }\nexport default 1', options: { limits }, end: timedOut },
    { name: 'a loop behind a top-level await', code: 'await null; for (;;);\nexport default 1', options: { limits }, end: timedOut },
    {
      name: 'a loop in the entry of a module with a top-level await',
      code: 'await null\nexport default () => { for (;;); }',
      options: { limits },
      end: timedOut,
    },
    {
      name: 'a loop in the entry of a module that waited for a timer',
      code: 'await new Promise((resolve) => setTimeout(resolve, 1))\nexport default () => { for (;;); }',
      options: { limits },
      end: timedOut,
    },
    endless('a loop in a getter of what is thrown', 'throw { get message () { for (;;); } }'),
    endless('a loop in prepareStackTrace', 'Error.prepareStackTrace = () => { for (;;); }; throw new Error("x")'),
    endless('a loop in toJSON', 'return { toJSON () { for (;;); } }'),
    endless('a loop in a thenable', 'return { then () { for (;;); } }'),
    endless('a loop in a timer', 'setTimeout(() => { for (;;); }); await new Promise(() => {})'),
    endless('a loop in the message of progress', 'context.progress(1, { toString () { for (;;); } })'),
    endless('a loop in a FinalizationRegistry\'s place: Symbol.dispose', '{ using held = { [Symbol.dispose] () { for (;;); } } }'),
    endless('a loop in the comparison of a sort', '[3, 1, 2].sort(() => { for (;;); })'),
    endless('a loop in a reviver', 'JSON.parse("[1,2]", () => { for (;;); })'),
    endless('a loop in Symbol.toPrimitive', '`${{ [Symbol.toPrimitive] () { for (;;); } }}`'),
    endless('a sum over an iterator that never ends', 'Iterator.from({ next: () => ({ done: false }) }).reduce(() => 1, 1)'),
    endless('a Set of what never ends', 'new Set((function * () { for (let i = 0;; i++) yield i % 9 })())'),
    endless('an await of nothing, without an end', 'await new Promise(() => {})'),
    endless('recursion that is caught and begins anew', 'const f = () => { try { f() } catch { f() } }; f()'),
    outOfProcessor('a loop with a limit on processor time', 'for (;;);'),
    outOfProcessor('work in microtasks with a limit on processor time', 'for (;;) await null'),
    outOfProcessor('work in the entry and in its timers, added up', 'for (;;) { for (let i = 0; i < 1e6; i++); await new Promise((resolve) => setTimeout(resolve)) }'),
    outOfProcessor('garbage for the collector', 'let held = []; for (let i = 0;; i++) held[i % 1000] = new Array(100).fill(i)'),
    {
      name: 'waiting, which costs no processor time',
      code: inEntry('await new Promise((resolve) => setTimeout(resolve, 150)); return "rested"'),
      options: { limits: { cpuMs: 60 } },
      end: { result: 'rested' },
    },
  ],
}

export const microtasks: AttackGroup = {
  name: 'denial of service by microtasks',
  attacks: [
    endless('promises that follow each other', 'const f = () => Promise.resolve().then(f); await f()'),
    endless('queueMicrotask that queues itself', 'const f = () => queueMicrotask(f); f(); await new Promise(() => {})'),
    endless('queueMicrotask that queues itself twice', 'const f = () => { queueMicrotask(f); queueMicrotask(f) }; f(); await new Promise(() => {})'),
    endless('awaits without an end', 'for (;;) await null'),
    endless('an async generator without an end', 'async function * endless () { for (;;) yield 1 } for await (const x of endless());'),
    endless('a thenable that resolves with itself', 'const again = { then (resolve) { resolve(again) } }; await again'),
    endless('Promise.all of what never ends', 'await Promise.all((function * () { for (;;) yield 1 })())'),
    endless('finally on one promise without an end', 'const p = Promise.resolve(); for (;;) p.finally(() => {})'),
    endless('async functions that call themselves twice', 'const f = async () => { try { await f() } finally { await f() } }; await f()'),
    endless(
      'a flood before the first await is over',
      'queueMicrotask(function again () { queueMicrotask(again) }); await new Promise((resolve) => setTimeout(resolve, 1)); return 1',
    ),
    endless(
      'a flood that begins after the result was returned',
      'Promise.resolve().then(function again () { return Promise.resolve().then(again) }); return 1',
    ),
    endless('rejections that are handled by rejecting', 'const again = () => Promise.reject().catch(again); await again()'),
    endless(
      'Array.fromAsync of what never ends',
      'await Array.fromAsync({ [Symbol.asyncIterator]: () => ({ next: async () => ({ done: false, value: 1 }) }) })',
    ),
    {
      name: 'a microtask that throws inside of a flood',
      code: inEntry('let n = 0; const f = () => { if (++n === 1000) throw new Error("in the flood"); queueMicrotask(f) }; f(); await new Promise(() => {})'),
      end: giveUp('in the flood', 'Error'),
    },
  ],
}

export const regularExpressions: AttackGroup = {
  name: 'denial of service by regular expressions',
  attacks: [
    endless('nested quantifiers', '/^(a+)+$/.test("a".repeat(40) + "b")'),
    endless('alternatives that overlap', '"a".repeat(40).replace(/(a|a)*b/g, "x")'),
    endless('a split by nested quantifiers', '"x".repeat(1e5).split(/(x+x+)+y/)'),
    endless('back-references', '/(.*)*(.*)*(.*)*\\1x/s.test("a".repeat(5000))'),
    endless('a look-behind of nested quantifiers', '/(?<=c(a|a)*)b/.test("a".repeat(40) + "b")'),
    endless('case folding of nested quantifiers', '/^(?:(?:\\p{L}|ß)+)+$/iu.test("ß".repeat(40) + "1")'),
    endless('an exec that always matches nothing', 'const r = /x/g; r.exec = () => [""]; return "aaa".replace(r, "b")'),
    endless('a giant expression of alternatives', 'new RegExp("(?:" + "a|b|".repeat(2e6) + "c)").test("x")'),
    endless('quantifiers in quantifiers over long text', 'new RegExp("((((a*)*)*)*)*b").test("a".repeat(100))'),
    endless('matchAll with nested quantifiers', '[...("a".repeat(40) + "b").matchAll(/(a+)+$/g)]'),
    endless('search with nested quantifiers', '("a".repeat(40) + "b").search(/^(a+)+$/)'),
    {
      name: 'groups 100,000 deep',
      code: inEntry('new RegExp("(".repeat(1e5) + ")".repeat(1e5))'),
      end: refuses('USER_ERROR', 'SyntaxError', /^Invalid regular expression: \/\(\(\(.*…$/s),
    },
    { name: 'a count of two thousand millions', code: inEntry('return new RegExp("a{2147483647}").test("a")'), end: { result: false } },
    {
      name: 'a million matches',
      code: inEntry('return "a".repeat(2 ** 25).match(/a/g).length'),
      options: { limits: { timeoutMs: 20_000, memoryMb: 16 } },
      end: isStoppedBy('MEMORY_LIMIT', 16),
    },
  ],
}

export const bigInts: AttackGroup = {
  name: 'denial of service by BigInt',
  attacks: [
    endless('a power of powers', 'String(3n ** (3n ** 17n)).length'),
    endless('a BigInt from five million digits', 'BigInt("9".repeat(5e6))'),
    endless('a product and a quotient of 25 million bits', 'const a = (1n << 25_000_000n) - 1n; return (a * a) / (a - 3n) === 0n'),
    endless('a locale\'s text of a huge BigInt', 'new Intl.NumberFormat().format(7n ** 2_000_000n)'),
    endless('half a million million bits, cut', 'BigInt.asUintN(2 ** 29, -1n).toString().length'),
    { name: 'a power that no memory holds', code: inEntry('return 2n ** (2n ** 62n)'), end: giveUp('Maximum BigInt size exceeded') },
    { name: 'a shift that no memory holds', code: inEntry('return 1n << (1n << 64n)'), end: giveUp('Maximum BigInt size exceeded') },
    { name: 'asUintN of 2^53 bits', code: inEntry('return BigInt.asUintN(2 ** 53 - 1, -1n)'), end: giveUp('Maximum BigInt size exceeded') },
    { name: 'asIntN of 2^53 bits, which changes nothing', code: inEntry('return BigInt.asIntN(2 ** 53 - 1, -1n) === -1n'), end: { result: true } },
    {
      name: 'BigInts hoarded',
      code: inEntry('const all = []; for (let i = 0n;; i++) all.push(1n << (100_000n + i))'),
      options: { limits: { timeoutMs: 20_000, memoryMb: 16 } },
      end: isStoppedBy('MEMORY_LIMIT', 16),
    },
  ],
}

export const builtIns: AttackGroup = {
  name: 'denial of service by built-ins on giant lengths',
  attacks: [
    ...['lastIndexOf', 'includes', 'reverse', 'flat'].map((method) => endless(`Array.prototype.${method} of 2^53`, `Array.prototype.${method}.call({ length: 2 ** 53 - 1 }, 1)`)),
    endless('copyWithin of 2^53', 'Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 1, 0)'),
    endless('unshift of 2^53', 'Array.prototype.unshift.call({ length: 2 ** 53 - 2 }, 1)'),
    endless('String.raw of 2^53', 'String.raw({ raw: { length: 2 ** 53 - 1 } })'),
    endless('fill of 2^32', 'new Array(2 ** 32 - 1).fill(0)'),
    endless('JSON.parse of what is 30 million deep', 'JSON.parse("[".repeat(3e7))'),
    endless('a sort of a million by chance', 'Array.from({ length: 2e6 }, (_, i) => i).sort(() => Math.random() - 0.5)'),
    ...[['Array.from', 'Array.from({ length: 2 ** 53 - 1 })'], ['Reflect.apply', 'Reflect.apply(() => {}, null, { length: 2 ** 32 })'], ['toSpliced', 'Array.prototype.toSpliced.call({ length: 2 ** 53 - 1 }, 0, 1)'], ['with', 'Array.prototype.with.call({ length: 2 ** 32 }, 0, 1)']]
      .map(([method = '', body = '']): Attack => ({ name: `${method} of a length that no array has`, code: inEntry(body), end: giveUp('Invalid array length') })),
    { name: 'join of 2^32', code: inEntry('Array.prototype.join.call({ length: 2 ** 32 }, "")'), end: giveUp('Invalid array length', 'TypeError') },
    { name: 'a text of 2^29', code: inEntry('return "x".repeat(2 ** 29)'), end: giveUp('Invalid string length') },
    {
      name: 'ten million arguments',
      code: inEntry('return Math.max(...new Array(1e7))'),
      end: { codes: ['STACK_LIMIT'], name: 'RangeError', message: 'Maximum call stack size exceeded' },
    },
    {
      name: 'a language tag of a million characters',
      code: inEntry('return new Date(0).toLocaleString("x".repeat(1e6))'),
      end: refuses('USER_ERROR', 'RangeError', /^Invalid language tag: x+…$/),
    },
    // V8 gives up on the whole process where a length overflows its tables: the job is charged with the crash
    {
      name: 'toSorted of 2^32',
      code: inEntry('Array.prototype.toSorted.call({ length: 2 ** 32 - 1 })'),
      end: { crash: { signal: 'SIGKILL', reason: OWN_END, stderr: OUT_OF_MEMORY } },
    },
    {
      name: 'sort of 2^53',
      code: inEntry('Array.prototype.sort.call({ length: 2 ** 53 - 1 })'),
      end: { crash: { signal: 'SIGKILL', reason: OWN_END, stderr: OUT_OF_MEMORY } },
    },
    {
      name: 'a split into 2^27',
      code: inEntry('return "x".repeat(2 ** 27 + 5).split("").length'),
      end: { crash: { signal: 'SIGTRAP', reason: OWN_END, stderr: /^Fatal error with no security impact:\nFatal JavaScript invalid size error \d+ \(see crbug\.com\/\d+\)$/ } },
    },
  ],
}
