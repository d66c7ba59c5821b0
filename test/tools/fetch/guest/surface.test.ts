import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside } = await startScripted()

const CLASSES = ['Blob', 'File', 'FormData', 'Headers', 'Request', 'Response', 'AbortController', 'AbortSignal', 'Event', 'EventTarget', 'TextEncoder', 'TextDecoder']

/** What classes of the standard have and ours have not: what nobody would check, and what no standard has yet. */
const ABSENT: Readonly<Record<string, readonly string[]>> = {
  Request: ['integrity', 'textStream'],
  Response: ['textStream'],
}
/** What Node has beyond the standards; isTrusted belongs to each event itself. */
const BEYOND = /^attribute$|^isTrusted$|^(?:static )?Symbol\((?!Symbol)/
/** What the standards say where Node says something else. */
const RIGHT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AbortSignal: {
    'static abort': 'function abort 0 wec', 'static any': 'function any 1 wec', 'static timeout': 'function timeout 1 wec', 'reason': 'get ec', 'throwIfAborted': 'function throwIfAborted 0 wec',
  },
  Event: { NONE: '0 e', CAPTURING_PHASE: '1 e', AT_TARGET: '2 e', BUBBLING_PHASE: '3 e' },
}

/** The members of a class, each with its kind and attributes. Runs in both worlds. */
function describe (names: string[]): Record<string, Record<string, string>> {
  const world = globalThis as unknown as Record<string, { name: string, length: number, prototype: object }>
  const shape = (holder: object, omit: string[]) => Object.fromEntries(Reflect.ownKeys(holder).filter((key) => !omit.includes(String(key))).map((key) => {
    const { value, get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(holder, key)!
    const kind = get ? `get ${set ? 'set ' : ''}` : typeof value === 'function' ? `function ${value.name} ${value.length} ` : `${String(value)} `
    return [String(key), `${kind}${writable === true ? 'w' : ''}${enumerable === true ? 'e' : ''}${configurable === true ? 'c' : ''}`]
  }))
  return Object.fromEntries(names.map((name) => {
    const { prototype, length } = world[name]!
    const statics = Object.fromEntries(Object.entries(shape(world[name]!, ['prototype', 'name', 'length'])).map(([key, value]) => [`static ${key}`, value]))
    const parent = Object.getPrototypeOf(prototype) === Object.prototype ? 'Object' : Object.getPrototypeOf(prototype).constructor.name
    return [name, { length: String(length), parent, global: shape(globalThis, [])[name]!, ...statics, ...shape(prototype, []) }]
  }))
}

test('classes and their members are those of the standards, as Node has them', async () => {
  const ours = await inside(`const describe = ${describe.toString()}; return describe(input)`, { input: CLASSES }) as ReturnType<typeof describe>
  const theirs = describe(CLASSES)

  const missing: Record<string, string[]> = {}
  for (const name of CLASSES) {
    const expected = theirs[name]!
    const absent = Object.keys(expected).filter((key) => !(key in ours[name]!) && !BEYOND.test(key)).sort()
    if (absent.length > 0) missing[name] = absent
    for (const key of Object.keys(expected).filter((each) => BEYOND.test(each) || absent.includes(each))) {
      delete expected[key]
      delete ours[name]![key] // how Node's inspect shows it
    }
    Object.assign(expected, RIGHT[name])
  }
  assert.deepEqual([missing, ours], [ABSENT, theirs])
})
