import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, call, list, mostly, object, odd, textOf } from './drawn-calls.ts'

const guest = await openGuest()

/** `swapped` runs with another `escape` or `unescape`, which the others of the module then use. */
const SETUP = `
  const querystring = require("querystring"); const { Buffer } = require("buffer")
  const swapped = (name, own, act) => { const before = querystring[name]; querystring[name] = own; try { return act() } finally { querystring[name] = before } }
  const counted = (by) => { let count = 0; return (...args) => { count++; if (count > 3) throw new RangeError("enough"); return by + args.join() } }`

const query = textOf(['a', 'b', 'c', '=', '=', '&', '&', '%', '%20', '%zz', '%4', '%41', '+', 'é', '😀', '%E2%82%AC', '%ff', '%C3%', ';', '[]', '\ud800', '\udc00', '\0', ' ', '__proto__', 'hasOwnProperty', '%%', '%3D', '%26', '~', '\u0100'], 14)
const value = fc.oneof({ weight: 3, arbitrary: query }, odd, fc.constantFrom('-1.5e300', '1e21', '-5e-324', '-10n', '9007199254740993', '-Infinity'))
const member = fc.oneof({ weight: 3, arbitrary: value }, list(value, 3), list(list(value, 2), 2), object({ a: value }))
const members = fc.array(fc.tuple(query, member), { maxLength: 4 }).map((pairs) => `({ ${pairs.map(([key, of]) => `${key === '"__proto__"' ? '["__proto__"]' : key}: ${of}`).join(', ')} })`)
const separator = fc.oneof({ weight: 2, arbitrary: fc.constant('undefined') }, textOf(['&', '=', ';', ':', '&&', '%', 'a', '\ud800', 'é'], 2), odd)
const decode = fc.constantFrom('(text) => `<${text}>`', '(text) => text.length', 'querystring.unescape', 'decodeURIComponent', '() => undefined', '() => null', '() => { throw new RangeError("no") }', '(text) => { if (text === "a") throw 1; return text }', 'counted("d")', '"decode"', '1', 'null', '{}', 'querystring.unescapeBuffer', 'Symbol')
const encode = fc.constantFrom('(text) => `<${text}>`', '(text) => text.length', 'querystring.escape', 'encodeURIComponent', '() => undefined', '() => { throw new RangeError("no") }', 'counted("e")', '"encode"', '1', 'null', '{}', 'String', 'Symbol')
const mostKeys = mostly(fc.constantFrom('0', '1', '2', '3', '-1', '1.5', 'NaN', 'Infinity', '"2"', 'undefined', 'null', '1000', '2 ** 33', '-0'), 8)
const reading = fc.oneof({ weight: 4, arbitrary: object({ maxKeys: mostKeys }) }, { weight: 3, arbitrary: object({ maxKeys: mostKeys, decodeURIComponent: decode }) }, odd)
const writing = fc.oneof({ weight: 4, arbitrary: object({ encodeURIComponent: encode }) }, odd)

test('drawn calls of querystring do what Node\'s do', async (t) => {
  const kinds = {
    'parse': call('querystring.parse', mostly(query, 12), separator, separator, reading),
    'parse, plainly': fc.tuple(fc.constantFrom('parse', 'decode'), query).map(([name, text]) => `querystring.${name}(${text})`),
    'parse, of other keys': fc.tuple(textOf(['a', 'bb', '::', ':', ';;', ';', '%3A', '%', '+'], 14), fc.constantFrom('";"', '";;"', '":;"'), fc.constantFrom('":"', '"::"', '";"'), reading).map((args) => `querystring.parse(${args.join(', ')})`),
    'parse, of many': fc.tuple(fc.integer({ min: 998, max: 1003 }), textOf(['&', '=', 'a'], 3), mostKeys).map(([count, text, most]) => `Object.entries(querystring.parse("a=1&".repeat(${count}) + ${text}, "&", "=", { maxKeys: ${most} })).map(([key, all]) => [key, all.length])`),
    'stringify': call('querystring.stringify', mostly(fc.oneof({ weight: 3, arbitrary: members }, list(value)), 12), separator, separator, writing),
    'stringify, plainly': fc.tuple(fc.constantFrom('stringify', 'encode'), members).map(([name, of]) => `querystring.${name}(${of})`),
    'escape and unescape': fc.tuple(fc.constantFrom('escape', 'unescape'), fc.oneof({ weight: 3, arbitrary: query }, value, fc.constantFrom('[1, 2]', '({ toString: () => "a b" })', '({ toString: 1 })', '({ [Symbol.toPrimitive]: () => 7 })'))).map(([name, of]) => `querystring.${name}(${of})`),
    'unescapeBuffer': call('querystring.unescapeBuffer', mostly(query, 12), fc.constantFrom('true', 'false', '1', 'undefined')),
    'there and back': members.map((of) => `querystring.parse(querystring.stringify(${of}))`),
    'own escape and unescape': fc.oneof(
      fc.tuple(encode, members, writing).map(([own, of, options]) => `swapped("escape", ${own}, () => querystring.stringify(${of}, "&", "=", ${options}))`),
      fc.tuple(decode, query, reading).map(([own, of, options]) => `swapped("unescape", ${own}, () => querystring.parse(${of}, "&", "=", ${options}))`),
    ),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds, callsOfAKind: 400 })
})

test('querystring has what Node\'s has', async () => {
  await assertSameAsNode(guest, SETUP, ['Object.entries(querystring).map(([name, value]) => [name, value.name, value.length])', 'querystring.parse === querystring.decode', 'Object.getPrototypeOf(querystring.parse("a"))', 'require("node:querystring") === querystring'])
})
