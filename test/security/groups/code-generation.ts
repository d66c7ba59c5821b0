import { type Attack, type AttackGroup, inEntry, NOTHING_FOUND, refuses } from '../attack.ts'

/** Answers what each expression threw, by name and message, or that it made something. */
const outcomes = (...expressions: string[]) => inEntry(`
  const outcomes = []
  for (const attempt of [${expressions.map((expression) => `async () => ${expression}`).join(',\n')}]) {
    try { outcomes.push('made ' + String(await attempt())) } catch (error) { outcomes.push(error.name + ': ' + error.message) }
  }
  return outcomes`)
const denied = (...names: string[]) => ({ result: names.map((name) => `EvalError: Cannot make code from a string: ${name} is not available`) })
const times = (count: number, name: string) => Array.from({ length: count }, () => name)

const refusesModule = (specifier: string) => refuses('MODULE_NOT_ALLOWED', 'Error', new RegExp(`^Cannot import ${RegExp.escape(JSON.stringify(specifier))} from job\\.js: `))
const imports: readonly Attack[] = [
  ['node:fs', 'import fs from "node:fs"'], ['fs', 'import "fs"'], ['node:worker_threads', 'import { parentPort } from "node:worker_threads"'], ['file:///etc/passwd', 'import * as passwd from "file:///etc/passwd"'],
  ['/etc/passwd', 'export * from "/etc/passwd"'], ['../../../package.json', 'import manifest from "../../../package.json" with { type: "json" }'], ['capture', 'import { start } from "capture"'],
  ['job', 'export * as self from "job"'], ['<isolated-vm>', 'import "<isolated-vm>"'], ['isolated-vm', 'import ivm from "isolated-vm"'], ['', 'import ""'],
  ['data:text/javascript,export default 1', 'import one from "data:text/javascript,export default 1"'], ['node:cluster', 'export { default as cluster } from "node:cluster"'],
].map(([specifier = '', statement = '']) => ({ name: `a static import: ${statement}`, code: `${statement}\nexport default () => 1`, end: refusesModule(specifier) }))

/** Ways from a text to code, to other modules and to other realms. */
export const codeGeneration: AttackGroup = {
  name: 'code generation',
  attacks: [
    {
      name: 'eval, called in every way',
      code: outcomes('eval("1")', '(0, eval)("1")', 'globalThis.eval("1")', 'Reflect.apply(eval, null, ["1"])', 'eval.call(null, "1")', 'eval?.("1")', '[eval].map((f) => f("1"))', 'new eval("1")'),
      end: denied(...times(8, 'eval')),
    },
    {
      name: 'Function, called in every way',
      code: outcomes('Function("return 1")', 'new Function("return 1")', 'Function.call(null, "return 1")', 'Reflect.construct(Function, ["return 1"])', 'new (class extends Function {})("return 1")', 'Function.bind(null, "return 1")()', 'new Proxy(Function, {})("return 1")', 'Reflect.construct(Function, ["return 1"], Object)'),
      end: denied(...times(8, 'Function')),
    },
    {
      name: 'the constructor of every kind of function',
      code: outcomes('(() => {}).constructor("1")', '(function () {}).constructor("1")', '(class {}).constructor("1")', '({ m () {} }).m.constructor("1")', '(async () => {}).constructor("1")', '(function * () {}).constructor("1")', '(async function * () {}).constructor("1")', '(() => {}).bind().constructor("1")'),
      end: denied(...times(4, 'Function'), 'AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction', 'Function'),
    },
    {
      name: 'the prototype of a denied constructor',
      code: outcomes('Object.getPrototypeOf((async () => {}).constructor)("1")()', 'Object.getPrototypeOf(Object.getPrototypeOf(async function * () {}).constructor)("1")()', '(async () => {}).constructor.prototype.constructor("1")', 'Object.getPrototypeOf(function * () {}).constructor.constructor("1")'),
      end: { result: ['TypeError: Object.getPrototypeOf(...)(...) is not a function', 'TypeError: Object.getPrototypeOf(...)(...) is not a function', 'EvalError: Cannot make code from a string: AsyncFunction is not available', 'EvalError: Cannot make code from a string: Function is not available'] },
    },
    {
      name: 'the constructor of what the host gave',
      code: outcomes('console.log.constructor("1")', 'setTimeout.constructor("1")', 'context.progress.constructor("1")', 'context.constructor.constructor("1")', 'context.tags.constructor.constructor("1")', 'console.constructor.constructor("1")', 'queueMicrotask.constructor("1")', 'globalThis.constructor.constructor("1")'),
      end: denied(...times(8, 'Function')),
    },
    {
      name: 'the constructor behind a getter of a native',
      code: outcomes('Object.getOwnPropertyDescriptor(Map.prototype, "size").get.constructor("1")', 'Object.getOwnPropertyDescriptor(RegExp, "$1").get.constructor("1")', 'Object.getOwnPropertyDescriptor(Object.prototype, "__proto__").set.constructor("1")', 'Object.getOwnPropertyDescriptor(Function.prototype, "caller").get.constructor("1")'),
      end: denied(...times(4, 'Function')),
    },
    {
      name: 'call sites of the guest and of V8',
      code: inEntry(`
        const found = []
        Error.prepareStackTrace = (error, sites) => sites
        for (const site of new Error('x').stack) {
          try { site.constructor.constructor('return 1')(); found.push('constructor') } catch {}
          for (const name of ['getFunction', 'getThis', 'getEvalOrigin', 'getTypeName']) if (typeof site[name]?.() === 'function' || typeof site[name]?.() === 'object' && site[name]() !== null) found.push(name)
        }
        return found`),
      end: NOTHING_FOUND,
    },
    {
      name: 'every function that can be reached, called and constructed with a text',
      code: inEntry(`
        const seen = new Set(), queue = [globalThis, context, async function * () {}, async () => {}, function * () {}, new Map().entries(), /x/[Symbol.matchAll]('x'), Promise.withResolvers(), Proxy.revocable({}, {})], found = []
        const quiet = (value) => { if (value instanceof Promise) value.catch(() => {}) ; return value }
        for (let at = 0; at < queue.length; at++) {
          const value = queue[at]
          if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
          seen.add(value)
          queue.push(Object.getPrototypeOf(value))
          for (const key of Reflect.ownKeys(value)) { const { value: member, get, set } = Object.getOwnPropertyDescriptor(value, key); queue.push(member, get, set) }
        }
        const skipped = new Set([setTimeout, setInterval, queueMicrotask, reportError, context.progress, ...Object.values(console)])
        const isCode = (made) => { try { return typeof made === 'function' && made() === 42 } catch { return false } }
        for (const value of seen) {
          if (typeof value !== 'function' || skipped.has(value)) continue
          try { if (isCode(quiet(value('return 42')))) found.push(String(value.name)) } catch {}
          try { if (isCode(quiet(new value('return 42')))) found.push('new ' + String(value.name)) } catch {}
          try { if (isCode(quiet(value.call(Function.prototype, 'return 42')))) found.push('call ' + String(value.name)) } catch {}
        }
        return [seen.size > 900, ...found]`),
      end: { result: [true] },
    },
    {
      name: 'putting the constructors back',
      code: inEntry(`
        const found = []
        const tries = [() => { Function.prototype.constructor = Object }, () => { delete Function.prototype.constructor }, () => Object.defineProperty(Function.prototype, 'constructor', { value: 1 }),
          () => { globalThis.eval = 1 }, () => { delete globalThis.eval }, () => Object.defineProperty(globalThis, 'Function', { get () {} }), () => Object.defineProperty((async () => {}).constructor, 'prototype', { value: {} })]
        for (const attempt of tries) { try { attempt(); found.push(String(attempt)) } catch (error) { if (error.name !== 'TypeError') found.push(error.name) } }
        return found`),
      end: NOTHING_FOUND,
    },
    {
      name: 'a realm of one\'s own, by constructors from another one',
      code: inEntry(`
        const names = ['ShadowRealm', 'Realm', 'Worker', 'SharedWorker', 'Worklet', 'importScripts', 'document', 'frames', 'module', 'process', 'vm', 'WebAssembly', 'Compartment', 'Context', 'createRealm', '$262', '$vm']
        const { get } = Object.getOwnPropertyDescriptor(class { static get x () { return globalThis } }, 'x')
        const realms = [Reflect.construct(Array, [], get.bind), Reflect.construct(Promise, [() => {}], Map), Reflect.construct(Error, [], Date)]
        return [...names.filter((name) => name in globalThis), ...realms.filter((made) => !(made instanceof Object)).map(String), ...[get() === globalThis ? [] : ['another global']].flat()]`).replace('get.bind', 'class {}'),
      end: NOTHING_FOUND,
    },
    {
      name: 'a text as a callback of a timer',
      code: outcomes('setTimeout("globalThis.x = 1")', 'setInterval("globalThis.x = 1", 1)', 'queueMicrotask("globalThis.x = 1")', 'setTimeout({ toString: () => "1" })', 'setTimeout(null)'),
      end: { result: ['TypeError: Cannot start timer: the callback is not a function', 'TypeError: Cannot start timer: the callback is not a function', 'TypeError: Cannot queue microtask: the callback is not a function', ...times(2, 'TypeError: Cannot start timer: the callback is not a function')] },
    },
    {
      name: 'a dynamic import of a text as a module',
      code: inEntry('return await import("data:text/javascript,export default 1")'),
      end: refusesModule('data:text/javascript,export default 1'),
    },
    {
      name: 'a dynamic import of a builtin of Node',
      code: inEntry('return (await import("node:fs")).readFileSync("/etc/passwd", "utf8")'),
      end: refusesModule('node:fs'),
    },
    { name: 'a dynamic import of the module of the guest', code: inEntry('return Object.keys(await import("capture"))'), end: refusesModule('capture') },
    { name: 'a dynamic import of the job itself', code: inEntry('return Object.keys(await import("job.js"))'), end: refusesModule('job.js') },
    {
      name: 'a dynamic import with attributes',
      code: inEntry('return await import("/etc/hostname", { with: { type: "json" } })'),
      end: refusesModule('/etc/hostname'),
    },
    {
      name: 'dynamic imports of everything, each one caught',
      code: inEntry(`const codes = []; for (const name of ${JSON.stringify(['node:fs', 'isolated-vm', '../run.ts', 'file:///etc/passwd', 'https://example.com/x.js', 'blob:null/1', '', '.', 'main', '<isolated-vm>', 'batchbox:guest', 'batchbox:module', 'target', '$i0000'])}) await import(name).catch((error) => codes.push(error.code)); return codes`),
      end: { result: times(14, 'MODULE_NOT_ALLOWED') },
    },
    {
      name: 'a dynamic import whose name has a price',
      code: outcomes('import({ toString () { throw new RangeError("asked") } })', 'import(Symbol("x"))', 'import("x", { get with () { throw new RangeError("looked") } })'),
      end: { result: ['RangeError: asked', 'TypeError: Cannot convert a Symbol value to a string', 'RangeError: looked'] },
    },
    {
      name: 'what import.meta tells',
      code: 'const meta = import.meta\nexport default () => [Reflect.ownKeys(meta), Object.getPrototypeOf(meta), typeof meta.resolve, typeof meta.url, typeof meta.dirname]',
      end: { result: [[], null, 'undefined', 'undefined', 'undefined'] },
    },
    { name: 'code that is no module: an HTML comment', code: '<!-- comment\nexport default () => 1', end: refuses('SYNTAX_ERROR', 'SyntaxError', /./) },
    { name: 'code that is no module: a with statement', code: inEntry('with (context) { return attempt }'), end: refuses('SYNTAX_ERROR', 'SyntaxError', /./) },
    {
      name: 'code that is no module: an octal literal and a deleted name',
      code: inEntry('let x = 010; delete x'),
      end: refuses('SYNTAX_ERROR', 'SyntaxError', /./),
    },
    {
      name: 'a hashbang and a brace too many',
      code: '#!/usr/bin/env node\nexport default () => 1 }, (function () { return 2 })({',
      end: refuses('SYNTAX_ERROR', 'SyntaxError', /./),
    },
    {
      name: 'the receiver of a sloppy function',
      code: 'const top = this\nexport default function () { return [this === undefined, top === undefined, (function () { return this })() === undefined] }',
      end: { result: [true, true, true] },
    },
    { name: 'natives of V8 by their syntax', code: inEntry('return %GetOptimizationStatus(() => {})'), end: refuses('SYNTAX_ERROR', 'SyntaxError', /./) },
    ...imports,
  ],
}
