/** A value as requests and answers have it where `serialization` is `structured`. Source: docs/values.md */
export interface StructuredValue {
  structured: 1
  value: unknown
  objects: unknown[]
}

type Members = Record<string, unknown>
type View = ArrayBufferView & { length?: number }

const ERROR_MEMBERS = ['message', 'stack', 'cause', 'errors']
const ERRORS: Record<string, ErrorConstructor> = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError: globalThis.AggregateError as unknown as ErrorConstructor } // its prototype is all that is asked for
const WORDS = new Map<unknown, unknown>([['undefined', undefined], ['NaN', NaN], ['Infinity', Infinity], ['-Infinity', -Infinity], ['-0', -0]])
const CHUNK = 8192

/**
 * Writes a value with all that `structuredClone` takes: Date, Map, Set, BigInt, RegExp, Error, bytes, undefined, shared references, cycles. Throws a
 * TypeError that names the place of what it does not: functions, symbols, promises and the like.
 */
export function encodeStructured (value: unknown): StructuredValue {
  const found: object[] = []
  const paths: string[] = []
  const numbers = new Map<object, number>()
  const refuse = (what: string, path: string) => new TypeError(`Cannot write ${path}: ${what} has no structured form`)
  const slot = (member: unknown, path: string): unknown => {
    if (typeof member === 'number') return Number.isFinite(member) && !Object.is(member, -0) ? member : [Object.is(member, -0) ? '-0' : String(member)]
    if (member === undefined) return ['undefined']
    if (typeof member === 'bigint') return ['bigint', String(member)]
    if (typeof member === 'function' || typeof member === 'symbol') throw refuse(`a ${typeof member}`, path)
    if (typeof member !== 'object' || member === null) return member
    let number = numbers.get(member)
    if (number === undefined) {
      number = found.push(member) - 1
      numbers.set(member, number)
      paths.push(path)
    }
    return [number]
  }
  const members = (object: object, keys: readonly string[], path: string): Members => {
    const row: Members = {}
    for (const key of keys) define(row, key, slot((object as Members)[key], `${path}.${key}`), true)
    return row
  }
  const row = (object: object, path: string): unknown => {
    if (Array.isArray(object)) {
      const keys = Object.keys(object)
      const isPlain = keys.length === object.length && (object.length === 0 || keys.at(-1) === String(object.length - 1))
      return isPlain ? [object.map((item, i) => slot(item, `${path}[${i}]`))] : ['Array', object.length, members(object, keys, path)]
    }
    const kind = kindOf(object)
    switch (kind) {
      case 'Map': return [kind, [...object as Map<unknown, unknown>].flatMap(([key, item], i) => [slot(key, `${path}.key(${i})`), slot(item, `${path}.value(${i})`)])]
      case 'Set': return [kind, [...object as Set<unknown>].map((item, i) => slot(item, `${path}.value(${i})`))]
      case 'Date': return [kind, Number.isNaN((object as Date).getTime()) ? null : (object as Date).getTime()]
      case 'RegExp': return [kind, (object as RegExp).source, (object as RegExp).flags]
      case 'ArrayBuffer': return [kind, toBase64(new Uint8Array(object as ArrayBuffer))]
      case 'Boolean': case 'String': case 'Number': return [kind, slot(object.valueOf(), path)]
      case 'BigInt': return [kind, String(object)]
    }
    if (kind === 'Error' || object instanceof Error) return writeError(object as Error, (keys) => members(object, keys, path))
    if (ArrayBuffer.isView(object)) return writeView(object, (buffer) => slot(buffer, `${path}.buffer`), () => refuse('its kind of memory', path))
    if (UNWRITABLE.has(kind)) throw refuse(`a ${kind}`, path)
    return members(object, Object.keys(object), path)
  }
  const root = slot(value, 'value')
  const objects: unknown[] = []
  for (let i = 0; i < found.length; i++) objects.push(row(found[i] as object, paths[i] as string)) // it finds others on its way
  return { structured: 1, value: root, objects }
}

const UNWRITABLE = new Set(['Promise', 'WeakMap', 'WeakSet', 'WeakRef', 'SharedArrayBuffer', 'Symbol', 'Blob', 'File', 'Generator', 'AsyncGenerator'])

const kindOf = (object: object): string => Object.prototype.toString.call(object).slice(8, -1)

function writeError (error: Error, members: (keys: readonly string[]) => Members): unknown {
  const hidden = ERROR_MEMBERS.filter((key) => Object.hasOwn(error, key) && !Object.prototype.propertyIsEnumerable.call(error, key))
  return ['Error', String(error.name), members([...hidden, ...Object.keys(error).filter((key) => key !== 'name')])]
}

/** Of what has a class of its own, like a Buffer, only what is seen of the memory: the rest of it may be anything. */
function writeView (view: View, slot: (buffer: object) => unknown, refuse: () => Error): unknown {
  const { buffer, byteOffset, byteLength } = view
  const kind = view instanceof DataView ? 'DataView' : kindOf(view)
  if (kindOf(buffer) !== 'ArrayBuffer') throw refuse()
  const isOwn = Object.getPrototypeOf(view) !== (globalThis as unknown as Record<string, { prototype: unknown }>)[kind]?.prototype && byteLength !== buffer.byteLength
  return [kind, slot(isOwn ? buffer.slice(byteOffset, byteOffset + byteLength) : buffer), isOwn ? 0 : byteOffset, view.length ?? byteLength]
}

/** Reads what `encodeStructured`, or the service, has written; its plain objects and arrays become those of the value. Throws a TypeError for what is of no form that is known. */
export function decodeStructured<T = unknown> (written: unknown): T {
  const { structured, value, objects } = (written ?? {}) as Partial<StructuredValue>
  if (structured !== 1 || !Array.isArray(objects)) throw new TypeError('Cannot read the value: it is not in structured form, or in that of a newer version; see docs/values.md')
  const values = objects.map(create)
  const read = (slot: unknown): unknown => {
    if (!Array.isArray(slot)) return slot
    const [first, digits] = slot as unknown[]
    if (typeof first === 'number' && first in values) return values[first]
    if (first === 'bigint') return BigInt(digits as string)
    if (WORDS.has(first)) return WORDS.get(first)
    throw new TypeError(`Cannot read the value: ${JSON.stringify(slot)} is not known`)
  }
  objects.forEach((row, i) => { if (Array.isArray(row) && row.length === 4) values[i] = createView(row, read(row[1])) })
  objects.forEach((row, i) => fill(row, values[i], read))
  return read(value) as T // what the code returned is for the caller to know
}

/** The kinds of objects beside plain ones and arrays, as they are written. */
type Row =
  | [tag: 'Array', length: number, members: Members]
  | [tag: 'Map' | 'Set', slots: unknown[]]
  | [tag: 'Date', time: number | null]
  | [tag: 'RegExp', source: string, flags: string]
  | [tag: 'Error', name: string, members: Members]
  | [tag: 'ArrayBuffer' | 'String' | 'BigInt', text: string]
  | [tag: 'Boolean' | 'Number', slot: unknown]

/** Makes what is filled once all of them are there. */
function create (written: unknown): unknown {
  if (!Array.isArray(written)) return written
  if (Array.isArray(written[0])) return written[0]
  if (written.length === 4) return undefined // a view, which needs its buffer
  const row = written as Row // others are refused below
  switch (row[0]) {
    case 'Array': return sparse(row[1])
    case 'Map': return new Map()
    case 'Set': return new Set()
    case 'Date': return new Date(row[1] ?? NaN)
    case 'RegExp': return new RegExp(row[1], row[2])
    case 'Error': return Object.setPrototypeOf(new Error(), (Object.hasOwn(ERRORS, row[1]) ? ERRORS[row[1]] as ErrorConstructor : Error).prototype)
    case 'ArrayBuffer': return toBytes(row[1]).buffer
    case 'Number': return Object(Array.isArray(row[1]) ? WORDS.get(row[1][0]) : row[1])
    case 'Boolean': case 'String': return Object(row[1])
    case 'BigInt': return Object(BigInt(row[1]))
    default: throw new TypeError(`Cannot read the value: ${JSON.stringify(written[0])} is no kind that is known`)
  }
}

/** Told its length, an array takes all the memory for it, unless its members are far apart. */
function sparse (length: number): unknown[] {
  const list: unknown[] = []
  if (length > 0) {
    list[length - 1] = null
    delete list[length - 1]
  }
  return list
}

function createView (row: readonly unknown[], buffer: unknown): unknown {
  const [kind, , offset, length] = row as [string, unknown, number, number]
  const View = kind === 'DataView' || /^[A-Z]\w+Array$/.test(kind) ? (globalThis as unknown as Record<string, new (...args: unknown[]) => View>)[kind] : undefined
  if (!View) throw new TypeError(`Cannot read the value: there is no ${kind} here`)
  return new View(buffer, offset, length)
}

function fill (written: unknown, value: unknown, read: (slot: unknown) => unknown): void {
  const fillMembers = (members: Members, hidden: readonly string[] = []) => {
    for (const key of Object.keys(members)) if (value !== written || Array.isArray(members[key])) define(value as object, key, read(members[key]), !hidden.includes(key))
  }
  if (!Array.isArray(written)) return fillMembers(written as Members)
  const [list] = written as [unknown]
  if (Array.isArray(list)) return list.forEach((slot, i) => { if (Array.isArray(slot)) list[i] = read(slot) })
  const row = written as Row // `create` knew it
  switch (row[0]) {
    case 'Array': return fillMembers(row[2])
    case 'Set': return row[1].forEach((slot) => (value as Set<unknown>).add(read(slot)))
    case 'Map': return row[1].forEach((slot, i) => { if (i % 2 > 0) (value as Map<unknown, unknown>).set(read(row[1][i - 1]), read(slot)) })
    case 'Error': {
      const [, name, members] = row
      if (!Object.hasOwn(ERRORS, name)) define(value as object, 'name', name, false)
      define(value as object, 'stack', members['message'] ? `${name}: ${String(members['message'])}` : name, false)
      fillMembers(members, ERROR_MEMBERS)
    }
  }
}

/** Assignment would call a setter: that of `__proto__` changes what the object is. */
function define (target: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true })
}

interface Base64 { toBase64? (): string }
interface FromBase64 { fromBase64? (text: string): Uint8Array<ArrayBuffer> }

function toBase64 (bytes: Uint8Array & Base64): string {
  if (bytes.toBase64) return bytes.toBase64()
  let text = ''
  for (let at = 0; at < bytes.length; at += CHUNK) text += String.fromCharCode(...bytes.subarray(at, at + CHUNK))
  return btoa(text)
}

function toBytes (base64: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as FromBase64
  return fromBase64 ? fromBase64(base64) : Uint8Array.from(atob(base64), (char) => char.charCodeAt(0))
}
