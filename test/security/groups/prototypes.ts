import { type AttackGroup, type End, inEntry, NOTHING_FOUND } from '../attack.ts'

/** What USE_GUEST needs of the language, to be made before it is changed. */
const MAKE_VALUES = 'const map = new Map([[1, 2]]), set = new Set([3]), Waiting = Promise;'
/** Uses all of the guest there is, with values of every kind: what was poisoned gets its chance. */
const USE_GUEST = `
  console.log('%s %d %o', 'text', 1, { a: [1, { b: 2 }], m: map, s: set })
  console.table([{ a: 1 }, { a: 2 }]); console.count(); console.group('in'); console.warn('two\\nlines'); console.groupEnd(); console.dir(/x/)
  context.progress(0.5, 'half')
  await new Waiting((resolve) => setTimeout(resolve, 1, 2))
  clearTimeout(setTimeout(() => {}, 1000))
  await new Waiting((resolve) => queueMicrotask(resolve))`
const USUAL_LOGS = [
  'text 1 { a: [ 1, { b: 2 } ], m: Map(1) { 1 => 2 }, s: Set(1) { 3 } }',
  '┌─────────┬───┐\n│ (index) │ a │\n├─────────┼───┤\n│ 0       │ 1 │\n│ 1       │ 2 │\n└─────────┴───┘',
  'default: 1', 'in', '  two\n  lines', '/x/',
]

/** Has proxies stand behind the prototypes, so that every look-up that finds nothing is heard. Answers the names that the trusted code looked for. */
const listen = (target: string) => `${MAKE_VALUES}
  const heard = new Set(), quiet = { __proto__: null }
  let on = false
  const ear = new Proxy(quiet, {
    get (_, key) { if (on) heard.add('get ' + String(key)) }, has (_, key) { if (on) heard.add('has ' + String(key)); return false },
    set (_, key) { if (on) heard.add('set ' + String(key)); return false }, getOwnPropertyDescriptor (_, key) { if (on) heard.add('own ' + String(key)) },
    defineProperty (_, key) { if (on) heard.add('define ' + String(key)); return false }, getPrototypeOf () { return null },
  })
  Object.setPrototypeOf(${target}, ear)`

/** Of a value that is inspected Object.prototype.toString asks this, as it does anywhere. */
const ASKED_FOR_TAG: End = { result: ['get Symbol(Symbol.toStringTag)'] }

const symbolHook = (holder: string, symbol: string) => ({
  name: `${symbol} on ${holder}`,
  code: `${MAKE_VALUES}
    Object.defineProperty(${holder}, ${symbol}, { configurable: true, get () { return () => { throw new Error('hooked') } } })
    ${inEntry(`${USE_GUEST}; delete ${holder}[${symbol}]; return 'fine'`)}`,
  end: { result: 'fine' },
  logs: USUAL_LOGS,
})

/** The language's own objects, changed under the feet of the trusted code. */
export const prototypes: AttackGroup = {
  name: 'escape by prototype',
  attacks: [
    symbolHook('Object.prototype', 'Symbol.toPrimitive'),
    symbolHook('Array.prototype', 'Symbol.isConcatSpreadable'),
    symbolHook('Array.prototype', 'Symbol.iterator'),
    symbolHook('Map.prototype', 'Symbol.iterator'),
    symbolHook('Set.prototype', 'Symbol.iterator'),
    symbolHook('Array', 'Symbol.species'),
    symbolHook('Error', 'Symbol.hasInstance'),
    symbolHook('Object.prototype', 'Symbol.asyncIterator'),
    symbolHook('RegExp.prototype', 'Symbol.replace'),
    symbolHook('RegExp.prototype', 'Symbol.split'),
    symbolHook('Object.prototype', 'Symbol.dispose'),
    symbolHook('Object.prototype', 'Symbol.unscopables'),
    {
      name: 'Symbol.toStringTag on Object.prototype that passes everything off as an error',
      code: inEntry(`Object.prototype[Symbol.toStringTag] = 'Error'; console.log({ a: 1 }, [1]); return { a: 1 }`),
      end: { result: { a: 1 } },
      logs: ['[Error: ] {\n  a: 1\n} [Error: ] {\n  0: 1\n}'],
    },
    {
      name: 'next of every iterator of the language replaced',
      code: `${MAKE_VALUES} for (const iterator of [[].values(), new Map().values(), new Set().values(), ''[Symbol.iterator](), 'x'.matchAll(/x/g), [].values().map((x) => x)]) Object.getPrototypeOf(iterator).next = () => { throw new Error('stepped') }
        ${inEntry(`${USE_GUEST}; return 'fine'`)}`,
      end: { result: 'fine' },
      logs: USUAL_LOGS,
    },
    {
      name: 'setters for indexes on Array.prototype and Object.prototype that keep what trusted arrays are given',
      code: `${MAKE_VALUES} const kept = []
        for (const holder of [Array.prototype, Object.prototype]) for (let i = 0; i < 20; i++) Object.defineProperty(holder, i, { configurable: true, get () { return kept.length = kept.length }, set (value) { Reflect.defineProperty(kept, kept.length, { value, enumerable: true }) } })
        ${inEntry(`${USE_GUEST}; return kept.length`)}`,
      end: { result: 0 },
      logs: USUAL_LOGS,
    },
    {
      name: 'the words of property descriptors as accessors on Object.prototype',
      code: `${MAKE_VALUES} const kept = []
        for (const key of ['get', 'set', 'value', 'writable', 'enumerable', 'configurable']) Object.defineProperty(Object.prototype, key, { __proto__: null, configurable: true, get () { if (key !== 'value') kept.length += 1; return undefined }, set () { kept.length += 1 } })
        ${inEntry(`${USE_GUEST}; return kept.length`)}`,
      end: { result: 0 },
      logs: USUAL_LOGS,
    },
    {
      name: 'a proxy behind Array.prototype that hears every look-up',
      code: `${listen('Array.prototype')}\n${inEntry(`on = true;${USE_GUEST}; on = false; return [...heard]`)}`,
      end: ASKED_FOR_TAG,
      logs: USUAL_LOGS,
    },
    {
      name: 'a proxy behind Function.prototype that hears every look-up',
      code: `${listen('Function.prototype')}\n${inEntry(`on = true; console.log('one'); setTimeout(() => {}, 1e6); context.progress(1); on = false; return [...heard]`)}`,
      end: NOTHING_FOUND,
      logs: ['one'],
    },
    {
      name: 'a proxy behind String.prototype that hears every look-up',
      code: `${listen('String.prototype')}\n${inEntry(`on = true; console.log('%s', 'a', { 'b-c': "it's" }); context.progress(1, 'x'); on = false; return [...heard]`)}`,
      end: NOTHING_FOUND,
      logs: [`a { 'b-c': 'it\\'s' }`],
    },
    {
      name: 'a proxy behind Error.prototype that hears every look-up while a failure is described',
      code: `${listen('Error.prototype')}\n${inEntry(`on = true; try { setTimeout() } catch {} ; on = false; return [...heard]`)}`,
      end: NOTHING_FOUND,
    },
    {
      name: 'a proxy behind Promise.prototype that hears every look-up',
      code: `${listen('Promise.prototype')}\n${inEntry(`on = true; await null; await new Promise((resolve) => setTimeout(resolve, 1)); on = false; return [...heard]`)}`,
      end: NOTHING_FOUND,
    },
    {
      name: 'a proxy behind Number.prototype and Date.prototype that hears every look-up',
      code: `${listen('Number.prototype')}\nObject.setPrototypeOf(Date.prototype, ear)\n${inEntry(`on = true; console.log(1, new Date(0), -0); on = false; return [...heard]`)}`,
      end: ASKED_FOR_TAG,
      logs: ['1 1970-01-01T00:00:00.000Z -0'],
    },
    {
      name: 'everything frozen before the entry is called',
      code: `${MAKE_VALUES} for (const name of Reflect.ownKeys(globalThis)) { const value = globalThis[name]; if (typeof value === 'function' || typeof value === 'object' && value !== null && value !== globalThis) { Object.freeze(value); if (value.prototype) Object.freeze(value.prototype) } }
        Object.freeze(globalThis)
        ${inEntry(`${USE_GUEST}; return input`)}`,
      options: { input: { a: [1] } },
      end: { result: { a: [1] } },
      logs: USUAL_LOGS,
    },
    {
      name: 'everything deleted before the entry is called',
      code: `${MAKE_VALUES} const kept = { console, setTimeout, clearTimeout, queueMicrotask }
        const { ownKeys, deleteProperty } = Reflect, deleted = []
        for (const name of ownKeys(globalThis)) { const value = globalThis[name]; if (value !== globalThis && value !== console) deleted.push(value, value?.prototype) }
        for (let i = 0; i < deleted.length; i++) { const holder = deleted[i]; if (typeof holder !== 'function' && (typeof holder !== 'object' || holder === null)) continue; const keys = ownKeys(holder); for (let j = 0; j < keys.length; j++) deleteProperty(holder, keys[j]) }
        const root = globalThis, names = ownKeys(root); for (let i = 0; i < names.length; i++) deleteProperty(root, names[i])
        export default async (input, context) => { const { console, setTimeout, clearTimeout, queueMicrotask } = kept; ${USE_GUEST}; return 'a promise that has no then is a value' }`,
      end: { result: {} },
      logs: [...USUAL_LOGS.slice(0, -1), '/undefined/undefined'],
    },
    {
      name: 'Reflect, JSON, Math and Object emptied while the code runs',
      code: inEntry(`${MAKE_VALUES} for (const holder of [Reflect, JSON, Math]) for (const key of Object.getOwnPropertyNames(holder)) { try { delete holder[key] } catch {} } for (const key of ['create', 'freeze', 'hasOwn', 'is']) delete Object[key]; ${USE_GUEST}; return [input]`),
      options: { input: 'in' },
      end: { result: ['in'] },
      logs: USUAL_LOGS,
    },
    ...([
      ['Object', '{ a: 1 }', '"forged"'], ['Array', '[1]', '"forged"'], ['String', '"text"', '"text"'], ['Number', '1', '1'], ['Boolean', 'true', 'true'], ['BigInt', '1n', '"forged"'], ['Date', 'new Date(0)', '"forged"'], ['Function', '[() => 1]', '["forged"]'],
    ] as const).map(([type, value, json]) => ({
      name: `toJSON on ${type}.prototype, which is as in any JavaScript and changes nothing but this value`,
      code: inEntry(`${type}.prototype.toJSON = () => 'forged'; console.log('as', 'is'); return ${value}`),
      end: { result: JSON.parse(json) as unknown },
      logs: ['as is'],
    })),
    {
      name: 'changes to what the host gave: context, tags, progress and what was there before',
      code: inEntry(`
        const changed = []
        const tries = { progress: () => { context.progress = 1 }, jobId: () => { context.jobId = 'x' }, tags: () => { context.tags.a = 1 }, more: () => { context.more = 1 }, deleted: () => { delete context.attempt },
          prototype: () => Object.setPrototypeOf(context, null), report: () => { context.progress.x = 1 }, proto: () => { context.__proto__ = {} }, define: () => Object.defineProperty(context.tags, 'a', { value: 1 }) }
        for (const name in tries) { try { tries[name](); changed.push(name) } catch (error) { if (error.name !== 'TypeError') changed.push(error.name) } }
        return changed`),
      end: NOTHING_FOUND,
    },
    {
      name: '__proto__ as a member of the result',
      code: inEntry('return JSON.parse(\'{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}\')'),
      end: { result: JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as unknown },
    },
    { name: 'an export named __proto__', code: 'const f = () => "mine"\nexport { f as __proto__ }', options: { entry: '__proto__' }, end: { result: 'mine' } },
    ...['constructor', 'toString', 'hasOwnProperty', 'then', '__defineGetter__'].map((entry) => ({
      name: `an entry that only a prototype has: ${entry}`, code: 'Object.prototype.then = () => 1\nexport default () => 1', options: { entry }, end: { codes: ['ENTRY_ERROR'] as const, name: 'EntryError', message: `Entry "${entry}" is not a function` },
    })),
    {
      name: 'an export named then, which would make the namespace a promise',
      code: 'export const then = (resolve) => resolve({ default: () => "stolen" })\nexport default () => "mine"',
      end: { result: 'mine' },
    },
    {
      name: 'an export that is not initialised yet',
      code: 'export default (() => { while (true) { break } })(), await 0; export let late = () => 1',
      options: { entry: 'later' },
      end: { codes: ['SYNTAX_ERROR'] as const },
    },
    {
      name: 'getters in the place of console and timers on the global object',
      code: inEntry(`let asked = 0; for (const key of ['console', 'setTimeout', 'clearTimeout', 'self', 'queueMicrotask', 'JSON', 'Promise', 'Reflect', 'Object', 'Array', 'Date', 'Error', 'TypeError']) { const held = globalThis[key]; Object.defineProperty(globalThis, key, { configurable: true, get () { asked++; return held } }) } const { log } = console; const before = asked; log({ a: [1] }, new Map()); return asked - before`),
      end: { result: 0 },
      logs: ['{ a: [ 1 ] } Map(0) {}'],
    },
  ],
}
