import { type Attack, type AttackGroup, inEntry, isStoppedBy, refuses } from '../attack.ts'

const TIMEOUT_MS = 150
const MB = 1_048_576
const RESULT_BYTES = 5 * MB
const floods = (name: string, body: string, limits: Attack['options'] & {} = {}): Attack => ({ name, code: inEntry(body), options: { limits: { timeoutMs: TIMEOUT_MS, ...limits.limits } }, end: isStoppedBy('TIMEOUT', TIMEOUT_MS) })
const tooLarge = (name: string, body: string, message: string, resultBytes = RESULT_BYTES): Attack => ({ name, code: inEntry(body), options: { limits: { resultBytes } }, end: { codes: ['RESULT_TOO_LARGE'], name: 'RangeError', message, limit: { name: 'resultBytes', configured: resultBytes } } })
const logged = (name: string, body: string, logs?: readonly string[]): Attack => ({ name, code: inEntry(`${body}; return 'logged'`), end: { result: 'logged' }, ...(logs && { logs }) })

/** Logs, progress, results and errors by the megabyte. Every run of every group is checked against the budget of its logs. */
export const output: AttackGroup = {
  name: 'denial of service by output',
  attacks: [
    floods('lines without an end', 'for (;;) console.log("x")'),
    floods('long lines without an end', 'for (;;) console.log("x".repeat(65_000))'),
    floods('lines that JSON makes six times as long', 'for (;;) console.log("\\0".repeat(60_000))'),
    floods('lines of characters of four bytes, between awaits', 'for (;;) { await null; console.log("\\u{1F600}".repeat(1000)) }'),
    floods('objects without an end', 'for (;;) console.error({ a: [1, { b: new Map([[1, 2]]) }] })'),
    floods('lines where none are kept', 'for (;;) console.log("x")', { limits: { logLines: 0, logBytes: 0 } }),
    floods('lines with the largest budget', 'for (;;) console.log("x".repeat(1000))', { limits: { logLines: 100_000, logBytes: 16 * MB } }),
    floods('progress without an end', 'for (let i = 0;; i++) context.progress(i, "x".repeat(1e5))'),
    floods('lines from timers', 'setInterval(() => { for (let i = 0; i < 1000; i++) console.log("x") }); await new Promise(() => {})'),
    floods('lines from microtasks', 'const f = () => { console.log("x"); queueMicrotask(f) }; f(); await new Promise(() => {})'),
    floods('every method of the console in turn', 'for (;;) for (const name in console) console[name]("x", { a: 1 })'),
    floods('empty lines', 'for (;;) console.log()', { limits: { logBytes: 0 } }),
    logged('a line of 100 MB', 'console.log("x".repeat(1e8))', [`${'x'.repeat(65_536)}… 99934464 more characters`]),
    logged('50,000 arguments', 'console.log(...new Array(50_000).fill("xx"))', [`${'xx '.repeat(50_000).slice(0, 65_536)}… 84463 more characters`]),
    logged('50,000 directives', 'console.log("%s".repeat(50_000), ...new Array(50_000).fill("xx"))', [`${'x'.repeat(65_536)}… 34464 more characters`]),
    logged('an object that shares its parts 2^60 times', 'let a = ["x"]; for (let i = 0; i < 60; i++) a = [a, a]; console.log([a].length)', ['1']),
    { ...logged('100,000 groups in groups', 'for (let i = 0; i < 100_000; i++) console.group("g")'), options: { limits: { logLines: 10 } } },
    logged(
      'lines of a deep group',
      'for (let i = 0; i < 99; i++) console.group(); console.log("\\n\\n")',
      [`${' '.repeat(64)}\n${' '.repeat(64)}\n${' '.repeat(64)}`],
    ),
    logged('100,000 counters and timers', 'for (let i = 0; i < 100_000; i++) { console.count("l" + i); console.time("t" + i); console.countReset("r" + i) }'),
    {
      ...logged('a table of 100,000 cells', 'console.table(Array.from({ length: 1000 }, (_, i) => Object.fromEntries(Array.from({ length: 100 }, (_, j) => ["c" + i + j, "x".repeat(1000)]))))'),
      options: { limits: { logBytes: 1000 } },
    },
    {
      ...logged('a table of columns with long names', 'const k = "k".repeat(1e5), rows = {}; for (let i = 0; i < 200; i++) rows[i] = { [k]: 1, [k + "a"]: 1 }; console.table(rows)'),
      options: { limits: { logBytes: 1000 } },
    },
    {
      name: 'levels and order of what is logged by what',
      code: inEntry('console.error("1"); console.table([[1]]); console.assert(false, "3"); return 1'),
      end: { result: 1 },
      logs: ['1', '┌─────────┬───┐\n│ (index) │ 0 │\n├─────────┼───┤\n│ 0       │ 1 │\n└─────────┴───┘', 'Assertion failed: 3'],
    },
    {
      name: 'a result that just fits',
      code: inEntry(`return 'x'.repeat(1000 - 2)`),
      options: { limits: { resultBytes: 1000 } },
      end: { result: 'x'.repeat(998) },
    },
    tooLarge('a result of one byte too many', `return 'x'.repeat(1000 - 1)`, 'Cannot return result: it is 1001 bytes, more than resultBytes of 1000', 1000),
    tooLarge(
      'a result that JSON makes six times as long',
      'return "\\0".repeat(1e6)',
      `Cannot return result: it is 6000002 bytes, more than resultBytes of ${RESULT_BYTES}`,
    ),
    tooLarge(
      'a result that UTF-8 makes three times as long',
      'return "\\u0800".repeat(2e6)',
      `Cannot return result: it is 6000002 bytes, more than resultBytes of ${RESULT_BYTES}`,
    ),
    tooLarge(
      'a result that shares its parts 2^40 times',
      'let a = ["x"]; for (let i = 0; i < 40; i++) a = [a, a]; return a',
      'Cannot return result: it is larger than resultBytes of 1000',
      1000,
    ),
    tooLarge(
      'a result with a key of ten megabytes',
      'return { ["k".repeat(1e7)]: 1 }',
      `Cannot return result: it is larger than resultBytes of ${RESULT_BYTES}`,
    ),
    tooLarge('a result of two bytes', 'return 1000', 'Cannot return result: it is 4 bytes, more than resultBytes of 2', 2),
    {
      name: 'a result whose path is ten megabytes',
      code: inEntry('return { ["k".repeat(1e6)]: { ["l".repeat(1e6)]: 1n } }'),
      end: refuses('RESULT_NOT_SERIALIZABLE', 'TypeError', `Cannot write result.${'k'.repeat(248)}… as JSON: a BigInt has no JSON form`),
    },
    {
      name: 'an error of 100 MB',
      code: inEntry('const e = new Error("m".repeat(1e8)); e.stack = "s".repeat(1e8); throw e'),
      options: { limits: { memoryMb: 512 } },
      end: { codes: ['USER_ERROR'], name: 'Error', message: `${'m'.repeat(8191)}…`, stack: 's'.repeat(4096) },
    },
    {
      name: 'an error of 100 MB as a rejection that nobody handles',
      code: inEntry('const e = new Error("m".repeat(1e8)); e.stack = "s".repeat(1e8); Promise.reject(e); return 1'),
      options: { limits: { memoryMb: 512 } },
      end: { codes: ['UNHANDLED_REJECTION'], name: 'Error', message: `${'m'.repeat(8191)}…` },
    },
    {
      name: 'progress of all kinds',
      code: inEntry('const said = []; for (const value of [NaN, Infinity, "1", null, undefined, {}, 1n, Symbol(), [], true]) { try { context.progress(value); said.push("taken") } catch (error) { said.push(error.name) } } context.progress(1e308, "m".repeat(1e6)); return said'),
      end: { result: Array.from({ length: 10 }, () => 'TypeError') },
    },
  ],
}
