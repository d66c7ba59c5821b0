import { type Attack, type AttackGroup, NOTHING_FOUND, overflows, refuses, throws } from '../attack.ts'

/** Finds functions that the code did not write itself: all of its own have \`own\` in them. Looks at who called, and at what call sites tell. */
const LOOK = `const found = new Set(), look = function ownLook () {
  try { for (let at = arguments.callee.caller, n = 0; at && n < 20; at = at.caller, n++) if (!/own/.test(String(at))) found.add(String(at)) } catch (error) { if (error.name !== 'TypeError') found.add(String(error)) }
  const prepare = Error.prepareStackTrace; Error.prepareStackTrace = (error, sites) => sites; const { stack } = new Error('x'); Error.prepareStackTrace = prepare
  for (const site of Array.isArray(stack) ? stack : []) { const made = site.getFunction(), self = site.getThis(); if (made && !/own|instancePath/.test(String(made))) found.add(String(made)); if (self && self !== globalThis && !own.has(self)) found.add('this of ' + site) }
  return 'x'
}, own = new WeakSet(), mark = (value) => { own.add(value); return value };\n`

const looking = (name: string, code: string): Attack => ({ name, code: `${LOOK}${code}\nreturn [...found]`, options: { tools: ['crypto'] }, end: NOTHING_FOUND })

/** What only code can try that is a sloppy function: the body of one. Each is compiled and run as such. */
export const sloppy: AttackGroup = {
  name: 'sloppy function bodies',
  attacks: [
    looking('who called, and call sites, from callbacks of the language and of the guest', `
      [1].map(function () { look('own') }); 'a'.replace(/a/, function () { return look('own') }); JSON.stringify(mark({ toJSON () { return look('own') } })); [2, 1].sort(function () { look('own'); return 0 })
      console.log(mark({ toString () { return look('own') } }), '%s'); console.count(mark({ toString () { return look('own') } })); console.table([mark({ get a () { return look('own') } })])
      await new Promise(function (done) { setTimeout(function () { look('own'); done() }) }); await Promise.resolve().then(function () { look('own') }); await new Promise(function (done) { queueMicrotask(function () { look('own'); done() }) })
      await mark({ then (done) { look('own'); done() } }); structuredClone(mark({ get a () { look('own'); return 1 } })); new URLSearchParams(mark({ get a () { return look('own') } }))
      const target = mark(new EventTarget()); target.addEventListener('x', function () { look('own') }); target.dispatchEvent(new Event('x')); new Headers(mark({ get a () { return look('own') } }))`),
    looking('the same from callbacks of Node\'s library and of packages', `
      const events = mark(new (require('events'))()); events.on('x', function () { look('own') }); events.emit('x'); const util = require('util'); util.inspect(mark({ [util.inspect.custom] () { return look('own') } })); util.promisify(function (done) { look('own'); done() })()
      Buffer.from(mark({ length: 1, get 0 () { look('own'); return 1 } })); Buffer.from(mark({ valueOf () { return look('own') } })); require('crypto').createHash('sha256').update('x', mark({ toString () { look('own'); return 'utf8' } }))
      try { await crypto.subtle.digest(mark({ get name () { return look('own') } }), new Uint8Array(1)) } catch {}
      const _ = require('lodash'); _.map([1], function () { look('own') }); _.sortBy([2, 1], function () { look('own') }); _.get(mark({ get a () { return look('own') } }), 'a'); require('dayjs')(mark({ valueOf () { look('own'); return 1 }, toString () { return look('own') } }))
      const ajv = new (require('ajv').default)(); ajv.addKeyword(mark({ keyword: 'k', validate () { look('own'); return true } })); own.add(ajv); ajv.validate({ k: true }, 1)`),
    looking('who called while a unit is loaded, asked by getters on the prototypes of everything', `
      const names = ['default', 'exports', 'get', 'set', 'value', 'name', 'prototype', 'constructor', 'length', 'then', 'message', 'type', 'text', 'cache', 'isolate', 'context', 'cachedDataRejected', 'filename', 'reference', 'copy', 'module.exports', 'node']
      for (const name of names) { let kept; Object.defineProperty(Object.prototype, name, { __proto__: null, configurable: true, get: mark(function () { own.add(this); look('own'); return kept }), set (value) { own.add(this); look('own'); Object.defineProperty(this, name, { __proto__: null, value, writable: true, configurable: true, enumerable: true }) } }) }
      for (const name of ['dayjs', 'lodash', 'events', 'util', 'buffer', 'uuid']) { try { require(name) } catch {} } for (const name of ['Buffer', 'URL', 'Blob', 'ReadableStream']) { try { void globalThis[name] } catch {} }
      for (const name of names) delete Object.prototype[name]`),
    { name: 'what the function that the body is knows of itself', code: 'const f = arguments.callee, read = (name) => { try { return f[name] } catch (error) { return error.name } }; return [read("caller"), read("arguments"), f.name, f.length, arguments.length, Object.getOwnPropertyNames(f), String(f).split("\\n")[0], new.target ?? null, this === globalThis]', end: { result: ['TypeError', 'TypeError', '', 1, 1, ['length', 'name'], 'async function (input) {', null, true] } },
    { name: 'the import of a body, in its arguments and its text', code: 'const { sum } = await import("lodash"); return [sum([1, 2]), arguments.length, typeof arguments[1], String(arguments.callee).split("\\n")[0]]', end: { result: [3, 1, 'undefined', 'async function (input) {'] } },
    { name: 'what the guest leaves on the global object', code: 'return Reflect.ownKeys(globalThis).map(String).filter((name) => /batch|capture|guest|start|import|[$]i/i.test(name))', end: NOTHING_FOUND },
    { name: 'the same where the body imports', code: 'const names = Reflect.ownKeys(this).map(String); await import("lodash"); return [...names, ...Reflect.ownKeys(this).map(String)].filter((name) => /batch|capture|guest|start|[$]i/i.test(name))', end: NOTHING_FOUND },
    { name: 'code from text, by the function that the body is and by a direct eval', code: `const made = []; for (const attempt of [() => arguments.callee.constructor('return 1'), () => arguments.callee.__proto__.constructor('return 1'), () => new (Object.getPrototypeOf(arguments.callee).constructor)('return 1'), () => eval('1'), () => (0, eval)('1'), () => Function('return this')(), () => setTimeout('x = 1'),
      () => Reflect.construct(arguments.callee.constructor, ['x']), () => [].constructor.constructor('x')]) { try { made.push(String(attempt())) } catch (error) { if (error.name !== 'EvalError' && error.name !== 'TypeError') made.push(error.name) } } return made`, end: NOTHING_FOUND },
    { name: 'constructors of functions put back where nothing throws', code: 'Function.prototype.constructor = Object; delete Function.prototype.constructor; globalThis.eval = 1; delete globalThis.eval; eval = 1; Function = 1; try { return [typeof eval, eval("1")] } catch (error) { return [error.name, Function.prototype.constructor === Function, typeof Function] }', end: { result: ['EvalError', true, 'function'] } },
    { name: 'tools and the platform replaced where nothing throws', code: 'crypto = 1; delete globalThis.crypto; globalThis.crypto = 2; crypto.subtle = 3; delete crypto.subtle; undefined = 4; NaN = 5; Infinity = 6; return [typeof crypto, typeof crypto.subtle, typeof undefined, NaN === NaN]', options: { tools: ['crypto'] }, end: { result: ['object', 'object', 'undefined', false] } },
    { name: 'a with statement over everything', code: 'const names = []; with (new Proxy({}, { has (target, name) { names.push(String(name)); return false } })) { await null; console.log(1); crypto; setTimeout(() => {}, 0); require("lodash").sum([1]) } return names', options: { tools: ['crypto'] }, end: { result: ['console', 'crypto', 'setTimeout', 'require'] }, logs: ['1'] },
    { name: 'globals made by assignment, and functions in blocks', code: 'leaked = 1; { function inner () {} } for (var i = 0; i < 1; i++); (function () { this.more = 2; other = 3 })(); return [globalThis.leaked, typeof globalThis.inner, typeof globalThis.i, more, other]', end: { result: [1, 'undefined', 'undefined', 2, 3] } },
    { name: 'the input as a global, and arguments that follow it', code: 'arguments[0] = 5; globalThis.input = 6; return [input, this.input]', options: { input: 1 }, end: { result: [5, 6] } },
    { name: 'a use strict of its own', code: '"use strict"\ntry { undeclared = 1 } catch (error) { return [error.name, this === undefined] }', end: { result: ['ReferenceError', true] } },
    { name: 'comments like in HTML', code: '<!-- return 1\nlet x = 2\n--> return 3\nreturn x', end: { result: 2 } },
    { name: 'the body called by itself without an end', code: 'return arguments.callee(input)', end: { codes: ['STACK_LIMIT', 'TIMEOUT'] }, options: { limits: { timeoutMs: 2000 } } },
    { name: 'an overflow in a sloppy function that asks who called', code: '(function deep () { try { deep() } finally { arguments.callee.caller } })()', end: overflows() },
    { name: 'a result that is the arguments, the global object or the function', code: 'return { length: arguments.length, body: arguments.callee, self: typeof this }', options: { input: 1 }, end: { result: { length: 1, self: 'object' } } },
    { name: 'imports of what surrounds a body', code: 'return await Promise.all(["./job.js", "/job.js", "./job.ts", "job", "capture", "target", "module:lodash", "file:job.js", "batchbox:module", "$i0000", "node:fs", "../x"].map((name) => import(name).then(() => name, (error) => error.code))).then((all) => all.filter((code) => code !== "MODULE_NOT_ALLOWED"))', end: NOTHING_FOUND },
    { name: 'imports of a phase', code: 'return import.source("lodash")', end: throws('Not supported') },
    ...['}), (function () {', '}) (), (async function () {', '} + function () {', '}, function () {', '} function more () {', '} {', '}; {', '} /* ', '*/ }), (() => {', '`', '/*', '}) //', '}\n-->{', ') {', 'return 1 }', '#!/usr/bin/env node\nreturn 1', '\\u007d), (function () {', 'await } {', '}\u2028), (function () {', '} catch { ', '${', '}}}', '})]; [(() => {', '"use strict"; with ({}) {}', 'super.x', 'class A { constructor () { super() } }', 'const input = 1', 'let arguments; "use strict"; yield', 'break'].map((code): Attack => ({ name: `a break out of the function: ${JSON.stringify(code)}`, code, end: code.startsWith('let arguments') ? throws('yield is not defined', 'ReferenceError') : refuses('SYNTAX_ERROR', 'SyntaxError', / \(job\.[jt]s:\d+:\d+\)$/) })),
  ],
}
