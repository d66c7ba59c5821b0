import { z } from 'zod'

/** How the input and the result of a job are written: as JSON, or in the form of `docs/values.md`, which has more kinds of values. */
export const Serialization = z.enum(['json', 'structured'])
export type Serialization = z.infer<typeof Serialization>

/** Version of the form. A reader refuses one that it does not know. */
const STRUCTURED_VERSION = 1

/** What one value may have. Nothing nests in the written form, so it has no depth to be bounded, and its size is that of the text. */
export const STRUCTURED_BOUNDS = { bigintDigits: 100_000, regExpChars: 65_536, arrayLength: 4_294_967_295 } as const

/** What is wrong with a value, and where: a JSON pointer within it. */
export interface StructuredProblem {
  pointer: string
  message: string
}

const TIME_MAX_MS = 8.64e15 // Source: ECMA-262, time values and time range
const BIGINT = /^(?:0|-?[1-9]\d*)$/
const NOT_BASE64 = /[^A-Za-z0-9+/]/
const FLAGS = /^[dgimsuvy]{0,7}$/
const INDEX = /^(?:0|[1-9]\d{0,9})$/
const WORDS: ReadonlySet<unknown> = new Set(['undefined', 'NaN', 'Infinity', '-Infinity', '-0'])
/** Views on buffers, and the bytes of one element. */
const VIEWS: ReadonlyMap<unknown, number> = new Map([
  ['DataView', 1], ['Int8Array', 1], ['Uint8Array', 1], ['Uint8ClampedArray', 1], ['Int16Array', 2], ['Uint16Array', 2], ['Float16Array', 2],
  ['Int32Array', 4], ['Uint32Array', 4], ['Float32Array', 4], ['Float64Array', 8], ['BigInt64Array', 8], ['BigUint64Array', 8],
])

/** Finds what is wrong with the written form of a value, whoever wrote it, all but sources of regular expressions; takes time in proportion to its size. Source: docs/values.md */
export function findStructuredProblem (written: unknown): StructuredProblem | undefined {
  try {
    checkWhole(written)
    return undefined
  } catch (error) {
    if (error instanceof Misfit) return { pointer: error.pointer, message: error.message }
    throw error
  }
}

/** The same of its JSON text. */
export function findStructuredTextProblem (json: string): StructuredProblem | undefined {
  try {
    return findStructuredProblem(JSON.parse(json))
  } catch (error) {
    if (error instanceof SyntaxError) return { pointer: '', message: 'It is not JSON' }
    throw error
  }
}

/** Thrown from the place that does not fit. */
class Misfit extends Error {
  readonly pointer: string
  constructor (pointer: string, message: string) {
    super(message)
    this.pointer = pointer
  }
}

type Rows = readonly unknown[]
/** A place, told only when something is wrong there. */
type Place = () => string

function checkWhole (written: unknown): void {
  if (!isObject(written)) throw new Misfit('', 'A structured value is written as {"structured": 1, "value": …, "objects": […]}; see docs/values.md')
  const { structured, value, objects, ...others } = written
  if (structured !== STRUCTURED_VERSION) throw new Misfit('/structured', `Its version is ${shorten(structured)}; known is ${STRUCTURED_VERSION}`)
  if (!Array.isArray(objects)) throw new Misfit('/objects', 'It is not an array')
  const [other] = Object.keys(others)
  if (other !== undefined) throw new Misfit(`/${escape(other)}`, 'No such member is known')
  if (value === undefined) throw new Misfit('/value', 'It is missing')
  checkSlot(objects, value, () => '/value')
  for (let i = 0; i < objects.length; i++) checkRow(objects, objects[i], () => `/objects/${i}`)
}

/** A slot is a primitive as JSON has it, a number in brackets for one of the objects, or a word in brackets for what JSON has not. */
function checkSlot (objects: Rows, slot: unknown, place: Place): void {
  if (typeof slot !== 'object' || slot === null) return
  if (!Array.isArray(slot)) throw new Misfit(place(), 'An object stands in "objects", and its number in brackets here')
  const [first, digits] = slot as unknown[]
  if (slot.length === 1 && typeof first === 'number') return checkReference(objects, first, place)
  if (slot.length === 1 && WORDS.has(first)) return
  if (slot.length === 2 && first === 'bigint') return checkBigInt(digits, () => `${place()}/1`)
  throw new Misfit(place(), `${shorten(slot)} is neither the number of an object nor a word that is known: undefined, NaN, Infinity, -Infinity, -0, bigint`)
}

function checkReference (objects: Rows, index: number, place: Place): void {
  if (!Number.isInteger(index) || index < 0 || index >= objects.length) throw new Misfit(`${place()}/0`, `It refers to object ${index}, and there are ${objects.length}`)
}

function checkBigInt (digits: unknown, place: Place): void {
  if (typeof digits !== 'string') throw new Misfit(place(), 'It is not a string of decimal digits')
  if (digits.length > STRUCTURED_BOUNDS.bigintDigits) throw new Misfit(place(), `It has ${digits.length} digits, more than the maximum of ${STRUCTURED_BOUNDS.bigintDigits}`)
  if (!BIGINT.test(digits)) throw new Misfit(place(), 'It is not an integer in decimal digits')
}

function checkSlots (objects: Rows, slots: unknown, place: Place): void {
  if (!Array.isArray(slots)) throw new Misfit(place(), 'It is not an array')
  for (let i = 0; i < slots.length; i++) checkSlot(objects, slots[i], () => `${place()}/${i}`)
}

function checkMembers (objects: Rows, members: unknown, place: Place): void {
  if (!isObject(members)) throw new Misfit(place(), 'It is not an object')
  for (const key of Object.keys(members)) checkSlot(objects, members[key], () => `${place()}/${escape(key)}`)
}

function checkRow (objects: Rows, row: unknown, place: Place): void {
  if (!Array.isArray(row)) return checkMembers(objects, row, place)
  const [tag, a, b, c] = row as unknown[]
  if (Array.isArray(tag)) return expect(row.length === 1, place, 'An array is one array in brackets') ?? checkSlots(objects, tag, () => `${place()}/0`)
  const arity = ARITIES.get(tag)
  if (arity === undefined) throw new Misfit(`${place()}/0`, `${shorten(tag)} is no kind that is known`)
  expect(row.length === arity + 1, place, `${String(tag)} has ${arity} ${arity === 1 ? 'part' : 'parts'}, and this has ${row.length - 1}`)
  const at = (part: number): Place => () => `${place()}/${part}`
  switch (tag) {
    case 'Array': return checkSparse(objects, a, b, place)
    case 'Map':
      checkSlots(objects, a, at(1))
      return expect((a as unknown[]).length % 2 === 0, at(1), 'Keys and values take turns, and the last key has no value')
    case 'Set': return checkSlots(objects, a, at(1))
    case 'Date': return expect(a === null || (Number.isInteger(a) && Math.abs(a as number) <= TIME_MAX_MS), at(1), 'It is neither milliseconds that a Date can hold nor null')
    case 'RegExp': return checkRegExp(a, b, place)
    case 'Error':
      expect(typeof a === 'string', at(1), 'It is not a string')
      return checkMembers(objects, b, at(2))
    case 'ArrayBuffer': return expect(isBase64(a), at(1), 'It is not base64 with its padding')
    case 'Boolean': return expect(typeof a === 'boolean', at(1), 'It is not a boolean')
    case 'String': return expect(typeof a === 'string', at(1), 'It is not a string')
    case 'Number': return expect(typeof a === 'number' || isWordOfNumber(a), at(1), 'It is not a number')
    case 'BigInt': return checkBigInt(a, at(1))
    default: return checkView(objects, { tag, buffer: a, offset: b, length: c }, place)
  }
}

/** How many parts there are behind each tag. */
const ARITIES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['Array', 2], ['Map', 1], ['Set', 1], ['Date', 1], ['RegExp', 2], ['Error', 2], ['ArrayBuffer', 1], ['Boolean', 1], ['String', 1], ['Number', 1], ['BigInt', 1],
  ...[...VIEWS.keys()].map((tag) => [tag, 3] as const),
])

function checkSparse (objects: Rows, length: unknown, members: unknown, place: Place): void {
  expect(isCount(length) && length <= STRUCTURED_BOUNDS.arrayLength, () => `${place()}/1`, 'It is no length that an array can have')
  checkMembers(objects, members, () => `${place()}/2`)
  for (const key of Object.keys(members as object)) {
    expect(key !== 'length' && !(INDEX.test(key) && Number(key) >= (length as number) && Number(key) < STRUCTURED_BOUNDS.arrayLength), () => `${place()}/2/${escape(key)}`, `It is beyond the length of ${String(length)}`)
  }
}

/** Leaves the source to the isolate that reads it: to parse it can take milliseconds a character. */
function checkRegExp (source: unknown, flags: unknown, place: Place): void {
  if (typeof source !== 'string' || typeof flags !== 'string') throw new Misfit(place(), 'The source and the flags of a RegExp are strings')
  if (source.length > STRUCTURED_BOUNDS.regExpChars) throw new Misfit(`${place()}/1`, `It has ${source.length} characters, more than the maximum of ${STRUCTURED_BOUNDS.regExpChars}`)
  const holds = FLAGS.test(flags) && new Set(flags).size === flags.length && !(flags.includes('u') && flags.includes('v'))
  expect(holds, () => `${place()}/2`, `${shorten(flags)} are no flags of a RegExp`)
}

function checkView (objects: Rows, { tag, buffer, offset, length }: { tag: unknown, buffer: unknown, offset: unknown, length: unknown }, place: Place): void {
  const [index] = Array.isArray(buffer) ? buffer as unknown[] : []
  const row = typeof index === 'number' && (buffer as unknown[]).length === 1 ? objects[index] : undefined
  if (!Array.isArray(row) || row[0] !== 'ArrayBuffer' || typeof row[1] !== 'string') throw new Misfit(`${place()}/1`, 'It is not the number of an ArrayBuffer in brackets')
  const width = VIEWS.get(tag) ?? 1
  const bytes = base64Bytes(row[1])
  if (!isCount(offset) || !isCount(length) || offset % width !== 0 || offset + length * width > bytes) throw new Misfit(place(), `${String(tag)} of ${shorten(length)} elements at ${shorten(offset)} does not fit into ${bytes} bytes`)
}

/** Looks for what may not be there: to match all that may would fill the stack of the engine, with a long text. */
function isBase64 (text: unknown): boolean {
  if (typeof text !== 'string' || text.length % 4 !== 0) return false
  const padding = text.length / 4 * 3 - base64Bytes(text)
  return !NOT_BASE64.test(text.slice(0, text.length - padding))
}

function base64Bytes (text: string): number {
  return text.length / 4 * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0)
}

function isWordOfNumber (slot: unknown): boolean {
  return Array.isArray(slot) && slot.length === 1 && slot[0] !== 'undefined' && WORDS.has(slot[0])
}

function isCount (value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function expect (holds: boolean, place: Place, message: string): undefined {
  if (!holds) throw new Misfit(place(), message)
}

/** As a JSON pointer has it. Source: RFC 6901 */
function escape (key: string): string {
  return shorten(key).replaceAll('~', '~0').replaceAll('/', '~1')
}

const SHOWN_CHARS = 100

function shorten (value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? 'undefined'
  return text.length <= SHOWN_CHARS ? text : `${text.slice(0, SHOWN_CHARS)}…`
}
