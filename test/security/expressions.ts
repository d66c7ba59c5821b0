import * as fc from 'fast-check'

/** Text in single quotes would have to be escaped again: JSON's strings are JavaScript's. */
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('__proto__', 'constructor', 'toJSON', 'length', '\u2028', '\ud800', '\0', '</script>', '${x}')).map((value) => JSON.stringify(value))
const number = fc.oneof(fc.integer(), fc.double()).map((value) => (Object.is(value, -0) ? '-0' : String(value)))
const leaf = fc.oneof(text, number, fc.constantFrom('true', 'false', 'null', 'undefined', 'NaN', '-Infinity', '1n', 'Symbol("s")', '() => 1', 'function f () {}', 'class A {}', 'new Date(0)', 'new Date(NaN)', '/x/gi', 'new Map([[1, 2]])',
  'new Set([1])', 'new Uint8Array(3)', 'new Float32Array([0.1])', 'new ArrayBuffer(2)', 'new Error("e")', 'Object(1)', 'Object("s")', 'Object(true)', 'Object(Symbol("b"))', 'Promise.resolve(1).constructor', '[, 1]', 'new Array(3)', 'JSON.rawJSON("1e3")', 'Math',
  'globalThis.undefinedThing', 'new (class B { x = 1; #y = 2; get z () { return 3 } })', 'Object.create(null)', 'Object.create({ inherited: 1 })', 'Object.freeze([1])', '{ get a () { return 1 } }', '{ get a () { throw new Error("read") } }', '{ toJSON () { return "json" } }', '{ toJSON: 5 }',
  '{ toJSON () { throw new Error("json") } }', '{ toJSON () { return undefined } }', 'new Proxy({ p: 1 }, {})', 'new Proxy([1, 2], {})', 'new Proxy({}, { ownKeys () { throw new Error("keys") } })', '(() => { const a = {}; a.a = a; return a })()', '(() => { const a = []; a.push([a]); return a })()', 'Object.assign(() => 1, { a: 1 })'))

const { value } = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, leaf, leaf,
    fc.array(tie('value'), { maxLength: 4 }).map((members) => `[${members.map((member) => `(${member})`).join(', ')}]`),
    fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((members) => `{ ${members.map(([key, member]) => `[${key}]: (${member})`).join(', ')} }`),
    tie('value').map((member) => `new Map([[(${member}), 1]])`), tie('value').map((member) => `{ toJSON () { return (${member}) } }`), tie('value').map((member) => `new Proxy([(${member})], {})`), tie('value').map((member) => `Object.defineProperty({}, 'd', { enumerable: true, get: () => (${member}) })`)),
}))

/** JavaScript expressions whose value can be anything but a thenable; each has parentheses around it. */
export const expression: fc.Arbitrary<string> = value.map((code) => `(${code})`)

const name = fc.constantFrom('Object', 'Array', 'Function', 'String', 'Number', 'Promise', 'Map', 'Set', 'Error', 'RegExp', 'Date', 'Symbol', 'JSON', 'Reflect', 'Math')
const member = fc.constantFrom('toString', 'valueOf', 'toJSON', 'then', 'constructor', 'push', 'join', 'slice', 'indexOf', 'call', 'apply', 'bind', 'length', 'name', 'message', 'stack', 'get', 'set', 'value', 'forEach', 'keys', 'resolve', 'stringify', 'parse', 'now', 'create', 'freeze',
  'defineProperty', 'ownKeys', '0', '1', 'prepareStackTrace', 'stackTraceLimit')
const key = fc.oneof(member.map((text) => JSON.stringify(text)), fc.constantFrom('iterator', 'asyncIterator', 'toPrimitive', 'species', 'hasInstance', 'toStringTag', 'replace', 'split', 'isConcatSpreadable').map((text) => `Symbol.${text}`))
const holder = fc.tuple(name, fc.boolean()).map(([of, own]) => (own ? of : `${of}.prototype`))
const level = fc.constantFrom('log', 'info', 'debug', 'warn', 'error', 'trace', 'dir', 'table', 'count', 'countReset', 'time', 'timeEnd', 'timeLog', 'assert', 'group', 'groupEnd', 'dirxml')
const guarded = (code: string) => `try { ${code} } catch (caught) { held.push(caught) }`

/** One statement of a program that poisons, logs, throws, waits, starts timers. Its variables are `held`, `context` and what the host gives. */
export const statement: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(holder, key, expression).map(([target, property, given]) => guarded(`${target}[${property}] = ${given}`)),
  fc.tuple(holder, key, expression).map(([target, property, given]) => guarded(`Object.defineProperty(${target}, ${property}, { configurable: true, get () { return ${given} }, set () { throw new Error('set') } })`)),
  fc.tuple(holder, key).map(([target, property]) => guarded(`Object.defineProperty(${target}, ${property}, { configurable: true, value: function () { throw new Error('poisoned') } })`)),
  fc.tuple(holder, key).map(([target, property]) => guarded(`delete ${target}[${property}]`)), holder.map((target) => guarded(`Object.freeze(${target})`)), holder.map((target) => guarded(`Object.setPrototypeOf(${target}, new Proxy({}, { get () { return undefined } }))`)),
  fc.tuple(level, expression, expression).map(([method, a, b]) => guarded(`console.${method}(${a}, ${b})`)), expression.map((given) => guarded(`context.progress(${given}, ${given})`)), expression.map((given) => guarded(`setTimeout(() => held.push(1), ${given})`)),
  fc.tuple(expression, fc.nat(3)).map(([given, ms]) => guarded(`setTimeout(() => { console.log(${given}); ${ms === 0 ? 'throw 1' : ''} }, ${ms})`)), expression.map((given) => guarded(`queueMicrotask(() => { held.push(${given}) })`)), expression.map((given) => guarded(`clearTimeout(${given})`)),
  fc.constant('await null'), fc.constant('await new Waiting((resolve) => wait(resolve, 1))'), expression.map((given) => guarded(`await ${given}`)), expression.map((given) => `throw ${given}`), expression.map((given) => `return ${given}`), expression.map((given) => `Waiting.reject(${given})`),
  expression.map((given) => guarded(`structure(${given})`)), fc.constant(guarded('(function deep () { deep() })()')), fc.constant(guarded('(function deep () { try { deep() } finally { console.log("bottom") } })()')), fc.constant(guarded('held.push(await import("node:fs"))')), fc.constant(guarded('eval("1")')),
)
