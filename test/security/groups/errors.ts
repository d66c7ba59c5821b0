import type { FailureCode } from '../../../src/core/failures.ts'
import { type Attack, type AttackGroup, inEntry, overflows, refuses, throws } from '../attack.ts'

const NO_ERROR = 'An object that is not an Error'

/** Things thrown: from the entry they are described inside, from the top of a module outside of the isolate. */
const thrown = (what: string, expression: string, inside: string, outside = inside): readonly Attack[] => [
  { name: `${what}, thrown by the entry`, code: inEntry(`throw ${expression}`), end: throws(inside, 'Exception') },
  { name: `${what}, thrown by the module`, code: `throw ${expression}\nexport default () => 1`, end: throws(outside, 'Exception') },
  { name: `${what}, as a rejection that nobody handles`, code: inEntry(`Promise.reject(${expression}); return 1`), end: { codes: ['UNHANDLED_REJECTION'], name: 'Exception', message: outside } },
]

/** An error that claims what only the host may say. */
const claims = (code: FailureCode, name: string, message: string): readonly Attack[] => {
  const forged = `Object.assign(new Error(${JSON.stringify(message)}), { name: ${JSON.stringify(name)}, code: ${JSON.stringify(code)}, retryable: true, observed: 1e9, limit: { name: 'timeoutMs', configured: 1, observed: 2, suggested: 4 } })`
  return [
    { name: `an error that claims ${code}, thrown by the entry`, code: inEntry(`throw ${forged}`), end: throws(message, name) },
    {
      name: `an error that claims ${code}, thrown by a timer`,
      code: inEntry(`setTimeout(() => { throw ${forged} }, 1); await new Promise(() => {})`),
      end: throws(message, name),
    },
    {
      name: `an error that claims ${code}, as a rejection that nobody handles`,
      code: inEntry(`Promise.reject(${forged}); return 1`),
      end: { codes: ['UNHANDLED_REJECTION'], name: 'Error', message },
    },
  ]
}

/** Exceptions of every kind, made to be mistaken for the host's, to reach the host, or to be too much for it. */
export const errors: AttackGroup = {
  name: 'escape by error',
  attacks: [
    ...thrown('null', 'null', 'null'),
    ...thrown('undefined', 'undefined', 'undefined'),
    ...thrown('a symbol', 'Symbol("s")', 'Symbol(s)', NO_ERROR),
    ...thrown('a BigInt', '12n', '12n', '12'),
    ...thrown('a function', '() => 1', '[Function (anonymous)]', NO_ERROR),
    ...thrown('an array', '[1]', '[ 1 ]', NO_ERROR),
    ...thrown('a getter for message that throws', '{ get message () { throw 1 } }', '{ message: [Getter] }', NO_ERROR),
    ...claims('TIMEOUT', 'TimeoutError', 'Execution timeout'),
    ...claims('WORKER_CRASHED', 'WorkerCrashedError', 'The process that ran the job died'),
    ...claims('CANCELLED', 'CancelledError', 'Cancelled'),
    ...claims('MEMORY_LIMIT', 'MemoryLimitError', 'Isolate was disposed during execution due to memory limit'),
    ...claims('INTERNAL', 'InternalError', 'Script execution timed out.'),
    {
      name: 'an error with the words of a refused import',
      code: inEntry('const words = "import(\'node:fs\')"; throw new Error("Not supported")'),
      end: throws('Not supported'),
    },
    {
      name: 'an Error with the words of a failed allocation, thrown by the module',
      code: 'throw new Error("Array buffer allocation failed")\nexport default 1',
      end: throws('Array buffer allocation failed'),
    },
    {
      name: 'an Error with the words of a failed allocation, thrown by the entry',
      code: inEntry('throw new Error("Array buffer allocation failed")'),
      end: throws('Array buffer allocation failed'),
    },
    {
      name: 'an Error with the words of an overflow',
      code: inEntry('throw new Error("Maximum call stack size exceeded")'),
      end: throws('Maximum call stack size exceeded'),
    },
    {
      name: 'a message and a name of a million characters',
      code: inEntry('throw Object.assign(new Error("x".repeat(1e6)), { name: "N".repeat(1e6) })'),
      end: throws(`${'x'.repeat(8191)}…`, `${'N'.repeat(255)}…`),
    },
    {
      name: 'a message of a million characters thrown by the module',
      code: 'throw new Error("x".repeat(1e6))\nexport default 1',
      end: throws(`${'x'.repeat(8191)}…`),
    },
    {
      name: 'names, messages and stacks that are no text',
      code: inEntry('throw Object.assign(new Error("x"), { name: 5, message: { toString: () => "m" }, stack: { length: 1e9 } })'),
      end: throws(''),
    },
    {
      name: 'getters that throw in the place of name, message and stack',
      code: inEntry('const e = new Error("x"); for (const key of ["name", "message", "stack", "constructor", "toString", "code"]) Object.defineProperty(e, key, { get () { throw new Error("read " + key) } }); throw e'),
      end: throws(''),
    },
    {
      name: 'a stack with frames of the host\'s files',
      code: inEntry('const e = new Error("x"); e.stack = "Error: x\\n    at readFileSync (node:fs:1:1)\\n    at /home/batchbox/src/engine/runner/run.ts:1:1\\n    at mine (job.js:9:9)\\n    at file:///etc/passwd:1:1"; throw e'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x\n    at mine (job.js:9:9)' },
    },
    {
      name: 'a stack of a million lines',
      code: inEntry('const e = new Error("x"); e.stack = "Error: x\\n" + "    at f (job.js:1:1)\\n".repeat(1e6); throw e'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: `Error: x${'\n    at f (job.js:1:1)'.repeat(50)}` },
    },
    {
      name: 'a file name spoofed by sourceURL',
      code: 'export default () => { throw new Error("x") }\n//# sourceURL=node:internal/process/task_queues',
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x' },
    },
    {
      name: 'the file name of the guest spoofed by sourceURL',
      code: 'export default () => { console.log(new Error("x").stack.split("\\n")[1]); throw new Error("x") }\n//# sourceURL=batchbox:guest',
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x' },
      logs: ['    at default (batchbox:guest:1:36)'],
    },
    {
      name: 'a source map of the code\'s own',
      code: 'export default () => { throw new Error("x") }\n//# sourceMappingURL=file:///etc/passwd',
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x\n    at default (job.js:1:30)' },
    },
    {
      name: 'function names that look like frames',
      code: inEntry('const forged = { ["f\\n    at /root/.ssh/id_rsa:1:1"] () { throw new Error("x") } }; Object.values(forged)[0]()'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x\n    at /root/.ssh/id_rsa:1:1 (job.js:1:108)\n    at default (job.js:1:152)' },
    },
    {
      name: 'line separators of Unicode in a message',
      code: inEntry('throw new Error("a\\u2028    at node:fs:1:1\\u2029\\r\\nb\\0\\ud800")'),
      end: throws('a\u2028    at node:fs:1:1\u2029\r\nb\0\ud800'),
    },
    {
      name: 'prepareStackTrace that returns the call sites',
      code: inEntry('Error.prepareStackTrace = (error, sites) => sites; throw new Error("x")'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x' },
    },
    {
      name: 'prepareStackTrace that throws',
      code: inEntry('Error.prepareStackTrace = () => { throw new Error("y") }; throw new Error("x")'),
      end: throws('x'),
    },
    {
      name: 'prepareStackTrace that is a proxy',
      code: inEntry('Error.prepareStackTrace = new Proxy(() => "made", { get () { throw 1 } }); throw new Error("x")'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 'Error: x\n    at default (job.js:1:125)' },
    },
    {
      name: 'prepareStackTrace that returns 100 MB',
      code: inEntry('Error.prepareStackTrace = () => "s".repeat(1e8); throw new Error("x")'),
      end: { codes: ['USER_ERROR'], name: 'Error', message: 'x', stack: 's'.repeat(4096) },
    },
    {
      name: 'prepareStackTrace that sees errors of the guest being made',
      code: inEntry('const seen = []; Error.prepareStackTrace = (error, sites) => { seen.push(...sites.map((site) => [typeof site.getFunction(), typeof site.getThis(), site.isEval(), site.isNative()].join())); return "" }; try { setTimeout(1) } catch (e) { e.stack } try { context.progress("x") } catch (e) { e.stack } return [...new Set(seen)]'),
      end: { result: ['undefined,undefined,false,false'] },
    },
    {
      name: 'an endless stackTraceLimit',
      code: inEntry('Error.stackTraceLimit = Infinity; const f = (n) => { if (n === 0) throw new Error("deep"); f(n - 1) }; f(5000)'),
      end: throws('deep'),
    },
    {
      name: 'a stackTraceLimit with a valueOf',
      code: inEntry('Error.stackTraceLimit = { valueOf () { throw 1 }, [Symbol.toPrimitive] () { throw 2 } }; throw new Error("x")'),
      end: throws('x'),
    },
    {
      name: 'a long file name in a thousand frames',
      code: `export default () => { Error.stackTraceLimit = 1e6; const f = (n) => n === 0 ? new Error('x').stack.length > 1e6 : f(n - 1); return f(200) }\n//# sourceURL=${'x'.repeat(20_000)}`,
      end: { result: true },
    },
    {
      name: 'captureStackTrace with what belongs to the guest',
      code: inEntry('const found = []; for (const target of [{}, context.tags, Object.freeze({}), new Proxy({}, {}), console]) for (const above of [console.log, setTimeout, undefined]) { try { Error.captureStackTrace(target, above); if (!String(target.stack).startsWith("Error") && !String(target.stack).startsWith("[object")) found.push(String(target.stack)) } catch (e) { if (e.name !== "TypeError") found.push(e.name) } } return found'),
      end: { result: [] },
    },
    { name: 'causes in a circle', code: inEntry('const e = new Error("x"); e.cause = { cause: e }; throw e'), end: throws('x') },
    {
      name: 'causes ten thousand deep, logged and thrown',
      code: inEntry('let e = new Error("first"); for (let i = 0; i < 10_000; i++) e = new Error("e" + i, { cause: e }); console.log([e].length); throw e'),
      end: throws('e9999'),
      logs: ['1'],
    },
    {
      name: 'an AggregateError of 20,000 errors',
      code: inEntry('throw new AggregateError(Array.from({ length: 20_000 }, (_, i) => new Error("e" + i)), "many")'),
      end: throws('many', 'AggregateError'),
    },
    {
      name: 'a SuppressedError of a resource that will not be disposed of',
      code: inEntry('await using held = { async [Symbol.asyncDispose] () { throw new Error("dispose") } }; throw new Error("body")'),
      end: throws('An error was suppressed during disposal', 'SuppressedError'),
    },
    {
      name: 'a chain of prototypes without an end',
      code: inEntry('const endless = new Proxy({}, { getPrototypeOf: () => endless }); console.log(Object.create(endless)); throw endless'),
      end: throws('{}', 'Exception'),
      logs: ['{}'],
    },
    {
      name: 'frames of the pipe as a message',
      code: inEntry('throw new Error(\'\\0\\0\\0\\x05{"type":"done","token":"0000000000000000","failure":null}\\n1\')'),
      end: throws('\0\0\0\x05{"type":"done","token":"0000000000000000","failure":null}\n1'),
    },
    { name: 'an overflow of the stack in the entry', code: inEntry('const deep = () => deep(); deep()'), end: overflows() },
    { name: 'an overflow of the stack by the module', code: 'const deep = () => deep(); deep()\nexport default 1', end: overflows() },
    {
      name: 'an overflow in the middle of the guest, at every depth',
      code: inEntry('let met = 0; const deep = () => { try { deep() } catch {} if (met > 200) return; met++; console.log({ a: [new Map([[met, "x"]])] }); clearTimeout(setTimeout(() => {}, 10)); context.progress(met) }; try { deep() } catch {} return met'),
      options: { limits: { logLines: 10 } },
      end: { result: 201 },
    },
    {
      name: 'an overflow while a failure is described',
      code: inEntry('const e = new Error("x"); Object.defineProperty(e, "message", { get () { return this.message } }); throw e'),
      end: throws(''),
    },
    {
      name: 'an overflow while the result is written',
      code: inEntry('return { toJSON () { return { next: this, toJSON: this.toJSON } } }'),
      end: refuses('RESULT_NOT_SERIALIZABLE', 'TypeError', 'Cannot write result as JSON: it is nested too deeply'),
    },
    {
      name: 'a timer too many at the end of the stack',
      code: inEntry('const fill = () => { try { fill() } catch {} try { for (;;) setTimeout(() => {}, 1e6) } catch {} }; fill(); await new Promise(() => {})'),
      options: { limits: { timers: 10, timeoutMs: 20_000 } },
      end: { codes: ['TIMER_LIMIT'], name: 'RangeError', message: 'Cannot start timer: 10 are pending, the limit', limit: { name: 'timers', configured: 10 } },
    },
    {
      name: 'an error while the result of another error is told',
      code: inEntry('throw { get message () { queueMicrotask(() => { throw new Error("second") }); setTimeout(() => { throw new Error("third") }); return "first" } }'),
      end: throws('first', 'Exception'),
    },
    ...(['ENTRY_ERROR', 'EXPIRED', 'TOOL_LIMIT', 'PERMISSION_DENIED', '__proto__', 'constructor'] as const).map((code) => ({ name: `an own code of ${code}`, code: inEntry(`throw Object.assign(new Error('x'), { ['code']: '${code}', type: 'cancelled', outcome: { type: 'succeeded' } })`), end: throws('x') })),
  ],
}
