import type { RunOptions } from '../../helpers/engine.ts'

/** Something that one run leaves behind, and what the next run in the same process must find. The second run logs `own`. */
export interface Leak {
  name: string
  leaves: string
  left: string
  finds: unknown
  options?: Pick<RunOptions, 'limits'>
  /** The first run ends its process. */
  killsRunner?: boolean
}

const own = (body: string) => `console.log('own'); ${body}`

export const leaks: readonly Leak[] = [
  { name: 'globals', leaves: 'globalThis.leaked = 1; self.leaked2 = 2; var leaked3 = 3', left: own('return [typeof leaked, typeof leaked2, typeof leaked3, Object.keys(globalThis).filter((name) => /leak/.test(name))]'), finds: ['undefined', 'undefined', 'undefined', []] },
  { name: 'members on every prototype', leaves: 'for (const C of [Object, Array, Function, String, Promise, Map, Error, RegExp, Uint8Array]) C.prototype.leaked = 1', left: own('const found = []; for (const value of [{}, [], () => {}, "", Promise.resolve(), new Map(), new Error(), /x/, new Uint8Array()]) if (value.leaked) found.push(String(value)); return found'), finds: [] },
  { name: 'methods of the language replaced', leaves: 'Array.prototype.push = JSON.stringify = Promise.prototype.then = Math.max = Date.now = () => "leaked"', left: own('const list = []; list.push(1); return [list, JSON.stringify({}), Math.max(1, 2), typeof Date.now()]'), finds: [[1], '{}', 2, 'number'] },
  { name: 'frozen intrinsics', leaves: 'for (const C of [Object, Array, Function, Promise, Error]) { Object.freeze(C); Object.freeze(C.prototype) }', left: own('return [Object.isFrozen(Object.prototype), Object.isFrozen(Array), Object.isFrozen(Promise.prototype)]'), finds: [false, false, false] },
  { name: 'the state of the console', leaves: 'console.group("g"); console.group("h"); console.count(); console.count("x"); console.time("t")', left: own('return "fine"'), finds: 'fine' },
  { name: 'timers that are pending', leaves: 'setInterval(() => console.log("leaked"), 1); setTimeout(() => console.log("leaked"), 5); return 1', left: own('await new Promise((resolve) => setTimeout(resolve, 30)); return setTimeout(() => {}, 1e6) < 5'), finds: true },
  { name: 'promises that go on', leaves: '(async () => { for (;;) { await new Promise((resolve) => setTimeout(resolve, 1)); console.log("leaked") } })(); return 1', left: own('await new Promise((resolve) => setTimeout(resolve, 20)); return "fine"'), finds: 'fine' },
  { name: 'progress that was held back', leaves: 'context.progress(1, "leaked"); context.progress(2, "leaked"); return 1', left: own('await new Promise((resolve) => setTimeout(resolve, 120)); return "fine"'), finds: 'fine' },
  { name: 'progress and logs after the end', leaves: 'Promise.resolve().then(() => Promise.resolve()).then(() => Promise.resolve()).then(() => { console.log("leaked"); context.progress(1) }); return 1', left: own('await new Promise((resolve) => setTimeout(resolve, 20)); return "fine"'), finds: 'fine' },
  { name: 'hooks for stacks', leaves: 'Error.prepareStackTrace = () => "leaked"; Error.stackTraceLimit = 0', left: own('return [typeof Error.prepareStackTrace, Error.stackTraceLimit, new Error("x").stack.split("\\n")[0]]'), finds: ['undefined', 10, 'Error: x'] },
  { name: 'what the language remembers of the last match', leaves: '/(secret)/.exec("my secret"); return 1', left: own('return [RegExp.$1, RegExp.input, RegExp.leftContext]'), finds: ['', '', ''] },
  { name: 'registered symbols and what hangs on them', leaves: 'globalThis[Symbol.for("leaked")] = 1; Object.prototype[Symbol.for("leaked")] = 2', left: own('return [typeof globalThis[Symbol.for("leaked")], typeof ({})[Symbol.for("leaked")]]'), finds: ['undefined', 'undefined'] },
  { name: 'memory', leaves: 'const all = []; for (let i = 0; i < 40; i++) all.push(new Uint8Array(1e6).fill(0x41)); return all.length', left: own('const seen = new Set(); for (let i = 0; i < 40; i++) for (const byte of new Uint8Array(250_000)) seen.add(byte); return [...seen]'), finds: [0] },
  { name: 'weak references and registries', leaves: 'globalThis.held = []; const registry = new FinalizationRegistry(() => console.log("leaked")); for (let i = 0; i < 10_000; i++) registry.register({}, i); return 1', left: own('let held; for (let i = 0; i < 50; i++) { held = new Array(1e5).fill(i); await new Promise((resolve) => setTimeout(resolve)) } return "fine"'), finds: 'fine' },
  { name: 'calls of tools that were not waited for', leaves: 'for (let i = 0; i < 60; i++) echo.say("leaked"); return 1', left: own('return await Promise.all([echo.say("a"), echo.say("b")])'), finds: ['a', 'b'] },
  { name: 'keys of the crypto tool', leaves: 'globalThis.key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]); return 1', left: own('return [typeof globalThis.key, (await crypto.subtle.digest("SHA-256", new Uint8Array(1))).byteLength]'), finds: ['undefined', 32] },
  { name: 'a budget of logs that is used up', leaves: 'for (let i = 0; i < 5000; i++) console.log("leaked")', left: own('return "fine"'), finds: 'fine' },
  { name: 'input, tags and context', leaves: 'context.tags.x; globalThis.context = context; return input', left: own('return [input, context.tags, typeof globalThis.context]'), finds: ['own', { own: 'tag' }, 'undefined'] },
  { name: 'what a module keeps', leaves: 'globalThis.counter = (globalThis.counter ?? 0) + 1; return globalThis.counter', left: own('return typeof globalThis.counter'), finds: 'undefined' },
  { name: 'a time-out', leaves: 'globalThis.leaked = 1; for (;;);', options: { limits: { timeoutMs: 50 } }, left: own('return typeof leaked'), finds: 'undefined' },
  { name: 'a time-out while it floods the log', leaves: 'for (;;) console.log("leaked")', options: { limits: { timeoutMs: 50 } }, left: own('await new Promise((resolve) => setTimeout(resolve, 20)); return "fine"'), finds: 'fine' },
  { name: 'a time-out while it waits for tools', leaves: 'for (;;) await Promise.all([echo.say("leaked"), echo.say("leaked")])', options: { limits: { timeoutMs: 50 } }, left: own('return [await echo.say("own")]'), finds: ['own'] },
  { name: 'a memory limit', leaves: 'globalThis.leaked = []; for (;;) leaked.push(new ArrayBuffer(1e6))', options: { limits: { memoryMb: 16 } }, left: own('return typeof leaked'), finds: 'undefined' },
  { name: 'an overflow of the stack', leaves: 'globalThis.leaked = 1; const deep = () => deep(); deep()', left: own('const deep = (n) => n === 0 ? 0 : 1 + deep(n - 1); return deep(1000)'), finds: 1000 },
  { name: 'rejections that nobody handles', leaves: 'for (let i = 0; i < 100; i++) Promise.reject(new Error("leaked")); setTimeout(() => Promise.reject(new Error("leaked")), 1)', left: own('await new Promise((resolve) => setTimeout(resolve, 20)); return "fine"'), finds: 'fine' },
  { name: 'an interval that throws after the end', leaves: 'setInterval(() => { throw new Error("leaked") }, 1); return 1', left: own('await new Promise((resolve) => setTimeout(resolve, 20)); return "fine"'), finds: 'fine' },
  { name: 'the end of its process', leaves: 'globalThis.leaked = 1; String(3n ** (3n ** 17n)).length', options: { limits: { timeoutMs: 50 } }, killsRunner: true, left: own('return typeof leaked'), finds: 'undefined' },
]
