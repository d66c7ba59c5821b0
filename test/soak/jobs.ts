import type { Limits } from '../../src/core/limits.ts'
import { createRandom } from '../helpers/seeded-random.ts'

/** One job of a soak, and what has to come of it: JSON text of its result, or the code it fails with. */
export interface SoakJob {
  kind: string
  code: string
  input: number
  tools: string[]
  limits: Partial<Limits>
  /** Is cancelled when its first line is logged. */
  cancelled: boolean
  ends: string
}

type Kind = (n: number) => Partial<SoakJob> & Pick<SoakJob, 'code' | 'ends'>

const entry = (body: string) => `export default async (input, context) => { ${body} }`
const result = (value: unknown) => JSON.stringify(value)
const fails = (body: string, ends: string, limits: Partial<Limits> = {}) => ({ code: entry(body), ends, limits })
const leaves = (body: string, limits: Partial<Limits> = {}): Kind => (n) => ({ code: entry(`${body}\nreturn input`), ends: result(n), limits })

/** Jobs as honest users write them. */
const GOOD: Record<string, Kind> = {
  sum: (n) => ({ code: entry('let sum = 0; for (let i = 0; i <= input % 1000; i++) sum += i; return sum'), ends: result((n % 1000) * (n % 1000 + 1) / 2) }),
  text: (n) => ({ code: entry('return String(input).padStart(9, "0").split("").reverse().join("")'), ends: result(String(n).padStart(9, '0').split('').toReversed().join('')) }),
  wait: (n) => ({ code: entry('await new Promise((resolve) => setTimeout(resolve, 2)); return { input }'), ends: result({ input: n }) }),
  log: (n) => ({ code: entry('for (let i = 0; i < 10; i++) console.log("line %d of %o", i, { input }); return input'), ends: result(n) }),
  types: (n) => ({ code: `interface Answer { value: number }\nexport default async (input: number): Promise<Answer> => ({ value: input + ${n % 50} })`, ends: result({ value: n + n % 50 }) }),
  echo: (n) => ({ code: entry('return [await echo.say(input), await Promise.all([echo.say("a"), echo.say("b")])]'), tools: ['echo'], ends: result([String(n), ['a', 'b']]) }),
  hash: () => ({ code: entry('return new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(1000))).length'), tools: ['crypto'], ends: result(32) }),
  large: (n) => ({ code: entry('return { input, list: Array.from({ length: 1000 }, (_, i) => "item " + i) }'), ends: result({ input: n, list: Array.from({ length: 1000 }, (_, i) => `item ${i}`) }) }),
  module: (n) => ({ code: 'const base = await Promise.resolve(10)\nexport default (input, { progress }) => { progress(0.5); return base + input }', ends: result(n + 10) }),
}

/** Mistakes, limits and attacks that end in their isolate. */
const BAD: Record<string, Kind> = {
  throws: () => fails('throw new TypeError("no " + input)', 'USER_ERROR'), syntax: () => ({ code: 'export default (', ends: 'SYNTAX_ERROR' }), noEntry: () => ({ code: 'export const x = 1', ends: 'ENTRY_ERROR' }), rejection: () => fails('Promise.reject(new Error("x"))', 'UNHANDLED_REJECTION'),
  cycle: () => fails('const a = {}; a.a = a; return a', 'RESULT_NOT_SERIALIZABLE'), tooLarge: () => fails('return "x".repeat(2000)', 'RESULT_TOO_LARGE', { resultBytes: 1000 }), imports: () => ({ code: 'import fs from "node:fs"\nexport default () => 1', ends: 'MODULE_NOT_ALLOWED' }),
  loop: () => fails('for (;;);', 'TIMEOUT', { timeoutMs: 30 }), microtasks: () => fails('for (;;) await null', 'TIMEOUT', { timeoutMs: 30 }), never: () => fails('await new Promise(() => {})', 'TIMEOUT', { timeoutMs: 30 }), cpu: () => fails('for (;;);', 'CPU_LIMIT', { cpuMs: 20 }),
  expression: () => fails('/^(a+)+$/.test("a".repeat(40) + "b")', 'TIMEOUT', { timeoutMs: 30 }), buffers: () => fails('const all = []; for (;;) all.push(new ArrayBuffer(1e6))', 'MEMORY_LIMIT', { memoryMb: 16 }), stack: () => fails('const deep = () => deep(); deep()', 'STACK_LIMIT'),
  timers: () => fails('for (;;) setTimeout(() => {}, 1e6)', 'TIMER_LIMIT', { timers: 20 }), calls: () => ({ ...fails('for (;;) await echo.say("x")', 'TOOL_LIMIT', { toolCalls: 20 }), tools: ['echo'] }), flood: () => fails('for (;;) console.log("flood")', 'TIMEOUT', { timeoutMs: 30 }),
  poison: (n) => ({ code: `for (const key of ['then', 'toJSON', 'get', 'value']) Object.defineProperty(Object.prototype, key, { configurable: true, get () { return undefined }, set () {} }); Array.prototype.push = JSON.stringify = null\n${entry('console.log({ input }); return input')}`, ends: result(n) }),
  eval: () => fails('eval("1")', 'USER_ERROR'), proxy: () => fails('throw new Proxy({}, { get () { throw 1 } })', 'USER_ERROR'), moduleLoop: () => ({ code: 'await null\nexport default () => { for (;;); }', ends: 'TIMEOUT', limits: { timeoutMs: 30 } }),
  cancelled: () => ({ code: entry('console.log("runs"); for (;;) await new Promise((resolve) => setTimeout(resolve, 1))'), cancelled: true, ends: 'cancelled' }),
}

/** What only the end of the process stops, or what V8 ends the process for. */
const KILLERS: Record<string, Kind> = {
  bigInt: () => fails('return String(3n ** (3n ** 17n)).length', 'TIMEOUT', { timeoutMs: 30 }), indexOf: () => fails('return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)', 'TIMEOUT', { timeoutMs: 30 }), array: () => fails('return new Array(2 ** 25).fill(0).length', 'MEMORY_LIMIT', { memoryMb: 16 }),
  crash: () => fails('Array.prototype.sort.call({ length: 2 ** 53 - 1 })', 'crashed'),
}

/** Jobs that succeed, and leave whatever they can behind. */
const LEAKS: Record<string, Kind> = {
  globals: leaves('globalThis.leaked = Array.from({ length: 20_000 }, (_, i) => ({ i }))'), buffers: leaves('globalThis.leaked = Array.from({ length: 5 }, () => new Uint8Array(1e6).fill(1))'), timers: leaves('for (let i = 0; i < 500; i++) setInterval(() => console.log("late"), 1000 + i)'),
  promises: leaves('globalThis.leaked = Array.from({ length: 5000 }, () => new Promise(() => {})); (async () => { for (;;) await new Promise((resolve) => setTimeout(resolve, 1)) })()'), closures: leaves('const big = new Array(50_000).fill(input); globalThis.leaked = Array.from({ length: 100 }, () => () => big)'),
  registries: leaves('globalThis.leaked = new FinalizationRegistry(() => {}); for (let i = 0; i < 5000; i++) leaked.register({}, i)'), prototypes: leaves('for (let i = 0; i < 2000; i++) Object.prototype["leaked" + i] = i'), symbols: leaves('globalThis.leaked = Array.from({ length: 5000 }, (_, i) => Symbol.for("leaked " + input + " " + i))'),
  calls: (n) => ({ ...leaves('for (let i = 0; i < 60; i++) echo.say("late")')(n), tools: ['echo'] }), keys: (n) => ({ ...leaves('globalThis.leaked = await Promise.all(Array.from({ length: 10 }, () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"])))')(n), tools: ['crypto'] }),
  intl: leaves('globalThis.leaked = Array.from({ length: 20 }, () => new Intl.DateTimeFormat("en", { dateStyle: "full" }))'), expressions: leaves('globalThis.leaked = Array.from({ length: 200 }, (_, i) => new RegExp("leaked" + input + i)).filter((e) => e.test("x"))'), console: leaves('for (let i = 0; i < 2000; i++) { console.group("g"); console.count("c" + i); console.time("t" + i) }'),
  failures: () => fails('globalThis.leaked = new Uint8Array(3e6).fill(1); throw new Error("x".repeat(10_000))', 'USER_ERROR'), rejections: () => fails('for (let i = 0; i < 500; i++) Promise.reject(new Error("e" + i))', 'UNHANDLED_REJECTION'), timeOut: () => fails('globalThis.leaked = new Uint8Array(3e6).fill(1); for (;;) setTimeout(() => {}, 1)', 'TIMER_LIMIT'),
}

/** Parts of a thousand of each sort. */
const MIXED = [[GOOD, 780], [BAD, 150], [LEAKS, 65], [KILLERS, 5]] as const
const LEAKING = [[LEAKS, 950], [GOOD, 50]] as const

/** Draws the jobs of a soak; the same seed draws the same ones. */
export function createDraw (seed: number, leaking: boolean): (n: number) => SoakJob {
  const random = createRandom(seed)
  return (n) => {
    const kinds = Object.entries(drawSort(random, leaking ? LEAKING : MIXED))
    const [kind, build] = kinds[Math.floor(random() * kinds.length)]! // below the length
    return { kind, input: n, tools: [], limits: {}, cancelled: false, ...build(n) }
  }
}

function drawSort (random: () => number, sorts: readonly (readonly [Record<string, Kind>, number])[]): Record<string, Kind> {
  let left = random() * 1000
  return (sorts.find(([, share]) => (left -= share) < 0) ?? sorts[0])?.[0] ?? GOOD
}
