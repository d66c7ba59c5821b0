import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, call, type Code, list, mostly, object, odd, quoted, textOf } from './drawn-calls.ts'
import { INSPECTED_SETUP, inspected, inspectOptions } from './inspected-values.ts'

const guest = await openGuest()
process.noDeprecation = true

const SETUP = `${INSPECTED_SETUP}
  const process = require('process'); const { Readable, Writable } = require('stream')
  const caught = (work) => { try { return work() } catch (error) { return [error.name, error.code, error.message] } }
  const steps = (of, ...all) => [String(of), ...all.map((step) => caught(() => step(of))), String(of)]`
const OPTIONAL = ['undefined', 'undefined', '{}', '{ validateStream: false }', '{ validateStream: false }', '{ validateStream: 1 }', 'null', '{ stream: {} }', '{ stream: new Readable() }', '{ stream: new Writable() }', '{ stream: Object.assign(new Writable(), { isTTY: true, getColorDepth: () => 8 }) }']

test('drawn values are shown, formatted, told apart and compared as Node does', async (t) => {
  const format = textOf(['%s', '%d', '%i', '%f', '%j', '%o', '%O', '%c', '%%', ' ', 'text', '%x', '%', '\n'], 6)
  const values = fc.array(inspected, { maxLength: 4 })
  const error = fc.tuple(fc.constantFrom('new Error(', 'new TypeError(', 'new RangeError(', 'new Own(', 'new AggregateError([new Error("i"), 1], '), textOf(['a', ' ', '\n', 'é', "'", 'Error: '], 6), fc.constantFrom('', ', { cause: new Error("c") }', ', { cause: { code: 1 } }', ', { cause: undefined }', ', { cause: "text" }'), fc.constantFrom('{}', '{ code: "E1" }', '{ name: "Renamed" }', '{ name: 7 }', '{ stack: "own stack" }', '{ stack: "Error: own\\n    at a (file.js:1:2)" }', '{ stack: undefined }', '{ message: "changed" }', '{ x: { y: 1 } }', '{ stack: "" }', '{ cause: null }', '{ errors: [1] }', '{ [Symbol("s")]: 1 }'))
  const kinds = {
    'inspect': inspected.map((of) => `util.inspect(${of})`),
    'inspect with options': fc.tuple(inspected, inspectOptions).map(([of, options]) => `util.inspect(${of}, ${options})`),
    'inspect of small ones with options': fc.tuple(fc.array(inspected, { minLength: 1, maxLength: 2 }), inspectOptions).map(([of, options]) => `util.inspect([${of.join(', ')}], ${options})`),
    'errors': fc.tuple(error, inspectOptions).map(([[kind, message, cause, more], options]) => `util.inspect(Object.assign(bare(${kind}${message}${cause})), ${more}), ${options})`),
    'format': fc.tuple(mostly(format), values).map(([text, of]) => `util.format(${[text, ...of].join(', ')})`),
    'formatWithOptions': fc.tuple(inspectOptions, format, values).map(([options, text, of]) => `util.formatWithOptions(${[options, text, ...of].join(', ')})`),
    'columns of wide and narrow characters': fc.array(fc.string({ unit: fc.oneof(fc.constantFrom('a', '日', '😀', 'é', '\u0301', '\u200d', '👩‍👩‍👧', '\ufe0f', 'ｱ', '가', '\u00ad', '①', '⚡', '🇩🇪', '\u3000'), fc.integer({ min: 0x20, max: 0x3ffff }).filter((point) => point < 0xd800 || point > 0xdfff).map((point) => String.fromCodePoint(point))), maxLength: 5 }), { minLength: 7, maxLength: 12 }).map((texts) => `util.inspect(${quoted(texts)})`),
    'types': inspected.map((of) => `Object.keys(util.types).filter((name) => util.types[name](${of}))`),
    'isDeepStrictEqual': fc.tuple(inspected, inspected, fc.constantFrom('', ', true')).map(([a, b, how]) => `util.isDeepStrictEqual(${a}, ${b}${how})`),
    'isDeepStrictEqual of the same': inspected.map((of) => `util.isDeepStrictEqual(${of}, ${of})`),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds, callsOfAKind: 320 })
})

const styles = fc.constantFrom(...['red', 'bold', 'underline', 'inverse', 'bgBlue', 'gray', 'dim', 'reset', 'none', 'nope', '#ff0000', '#f00', '#xyz', 'bgGreenBright', 'doubleunderline', 'toString'].map(quoted))
const terminal = textOf(['a', 'b', ' ', '\n', 'é', '日', '😀', '\ud800', '\x1b[31m', '\x1b[0m', '\x1b]8;;http://x\x07', '\x9b1m'], 10)
const mimeStep = fc.oneof(
  fc.constantFrom('m.type', 'm.subtype', 'm.essence', 'JSON.stringify(m)', '[...m.params]', 'String(m.params)', '[...m.params.keys()]', 'util.inspect(m)', 'm.params.get("a")', 'm.params.has("charset")', 'm.params.get()', 'm.params.delete("a")', 'm.params.entries().next()', 'Object.keys(m)'),
  call('m.params.set', mostly(fc.constantFrom('"a"', '"b"', '"b c"', '"é"', '""', '"C"'), 9), mostly(fc.constantFrom('"v"', '"v w"', '"\\""', '"é"', '""'), 9)), mostly(fc.constantFrom('"x"', '"X y"', '""', '"a/b"'), 9).map((of) => `m.type = ${of}`), mostly(fc.constantFrom('"x"', '"X y"', '""'), 9).map((of) => `m.subtype = ${of}`),
).map((step) => `(m) => ${step}`)
const envLine = fc.constantFrom('A=1', 'B=', 'C', '=x', 'export D=2', 'export', 'E="x y"', "F='a\nb'", 'G=`b`', '# c', 'H=a # c', 'I="a#b" # c', "J='a\\nb'", 'K="a\\nb"', 'L="un', '  N  =  v  ', 'O=a=b', 'P="a" b', 'R.S=1', 'V W=3', '\r\n', ' ', '\t', 'X="a\r\nb"', '1=2', 'A=3', 'AA="\\""', "AC='it''s'", 'AD=#x', 'AF="a"#', 'AH=`un\nx', 'AI: 5', 'AJ = "q" ', '\ufeff', 'export   AK=1', 'exportAL=1', "AP='a' 'b'", '"AS"=1', 'AU="${A}"', 'AX=\u00a0x\u00a0', '\v')

test('drawn calls of the rest of util do what Node\'s do', async (t) => {
  const argument = fc.constantFrom(...['-f', '-b', '--foo', '--bar', '--bar=1', '--foo=2', '--no-foo', '-fb', '-bf', '-b1', '--', '-', 'x', '', '--nope', '-z', '--=x', '--foo=', '-b=3', '--no-foo=1', '-1', '--__proto__', '--bar=-x', '--multi=a', '--multi=b', '-m', 'c'].map(quoted))
  const option = object({ type: mostly(fc.constantFrom('"boolean"', '"string"')), short: mostly(fc.constantFrom('"f"', '"b"', '"ff"', '""')), multiple: mostly(fc.constantFrom('true', 'false')), default: mostly(fc.constantFrom('true', '"d"', '["a"]', '[true]', 'undefined'), 9) })
  const whole = fc.tuple(fc.constantFrom('"boolean"', '"string"'), fc.constantFrom('', ', multiple: true')).map(([type, more]) => `{ type: ${type}${more}, short: `)
  const options = fc.oneof(fc.tuple(whole, whole, whole).map(([a, b, c]) => `{ foo: ${a}"f" }, bar: ${b}"b" }, multi: ${c}"m" } }`), object({ foo: mostly(option), bar: mostly(option), '"__proto__"': option }))
  const parsing = fc.tuple(mostly(list(argument, 6)), object({ options: mostly(options), strict: mostly(fc.constantFrom('true', 'false')), allowPositionals: mostly(fc.constantFrom('true', 'false', 'true')), allowNegative: mostly(fc.constantFrom('true', 'false')), tokens: mostly(fc.constantFrom('true', 'false')) })).filter(([args]) => args !== 'undefined' && args !== 'null') // they are read from the process
  const mime = fc.tuple(fc.constantFrom('text/plain', 'TEXT/HTML', 'a/b', 'text', '/x', 'a/', ',', ' text/plain ', 'a b/c', 'text/pl@in', 'é/x'), fc.array(fc.constantFrom(';charset=utf-8', '; Charset="UTF-8"', ';a=b', ';a=c', ';=x', ';x', ';y=', ';z="un"closed', ';q="a\\"b"', ';w="a;b"', ' ; k = v ', ';é=1', ';k=é', ';;', ';k="\\', ';a="b" c'), { maxLength: 4 })).map(([type, more]) => quoted(type + more.join('')))
  const difference = mostly(fc.oneof(textOf(['a', 'b', 'c', '\n'], 9), list(fc.constantFrom('"a"', '"b"', '"c"'), 7)))
  const callback = fc.constantFrom('(a, done) => done(null, a)', '(a, done) => done(new RangeError("r"))', '(a, done) => { throw new TypeError("t") }', '(a, done) => { done(null, 1); done(null, 2) }', 'Object.assign((a) => 1, { [util.promisify.custom]: async (a) => ["custom", a] })', 'Object.assign((a) => 1, { [util.promisify.custom]: 5 })', 'function (a, done) { done(null, this?.v) }', '(a, done) => done(0)', '(a, done) => process.nextTick(done, null, "tick")')
  const promising = fc.constantFrom('async (a) => a', 'async () => { throw new RangeError("r") }', 'async () => { throw null }', 'async () => { throw undefined }', '() => 1', 'async function named (a, b) { return this?.v }', '() => ({ then (f) { f(4) } })', 'async () => Promise.reject("s")', '() => { throw new TypeError("sync") }')
  const encoding = mostly(fc.constantFrom('"utf-8"', '"UTF8"', '"utf-16le"', '"latin1"', '"utf-16be"', '"nope"', '" utf-8 "', '"iso-8859-2"', '""'), 30)
  const pieces = fc.array(fc.tuple(fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.array(fc.constantFrom(0xef, 0xbb, 0xbf, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80, 0x61, 0xff), { maxLength: 6 })), fc.boolean()), { maxLength: 3 })
  const name = fc.constantFrom('promisify', 'callbackify', 'stripVTControlCharacters', 'toUSVString', 'getSystemErrorName', 'getSystemErrorMessage', 'isArray', '_extend', 'aborted', 'markPromiseAsHandled', 'convertProcessSignalToExitCode', 'transferableAbortSignal', 'debounce', 'throttle', 'parseEnv', 'diff', 'styleText', 'deprecate', 'inherits', 'formatWithOptions', 'isDeepStrictEqual', 'debuglog')
  const kinds: Record<string, Code> = {
    'parseArgs': parsing.map(([args, how]) => `util.parseArgs({ args: ${args}, ...${how} })`),
    'styleText': call('util.styleText', mostly(fc.oneof(styles, list(mostly(styles), 3))), mostly(terminal), fc.constantFrom(...OPTIONAL)),
    'styleText within another': fc.tuple(styles, styles, terminal).map(([a, b, text]) => `util.styleText(${a}, "x" + util.styleText(${b}, ${text}, { validateStream: false }) + "y", { validateStream: false })`),
    'MIMEType': fc.tuple(mostly(mime), fc.array(mimeStep, { maxLength: 5 })).map(([of, all]) => `steps(new util.MIMEType(${of}), ${all.join(', ')})`),
    'parseEnv of lines': fc.array(fc.tuple(envLine, fc.constantFrom('\n', '\n', '\n', '\r\n', '', ' ', '\r')), { maxLength: 7 }).map((lines) => `util.parseEnv(${quoted(lines.flat().join(''))})`),
    'parseEnv of characters': textOf(['A', 'b', '=', '"', "'", '`', '\n', '#', ' ', '\\', 'n', '\r', '\t', 'export ', '1', '.', '-', '\uffff', '😀', '\ud800'], 16).map((text) => `util.parseEnv(${text})`),
    'diff': call('util.diff', difference, difference),
    'promisify': fc.tuple(callback, fc.constantFrom('1', 'undefined')).map(([of, a]) => `(() => { const p = util.promisify(${of}); return p.call({ v: 7 }, ${a}).then((v) => [v, p.name, p.length, util.promisify(p) === p]) })()`),
    'callbackify': fc.tuple(promising, fc.nat(9)).map(([of, a]) => `new Promise((resolve) => { const c = util.callbackify(${of}); c.call({ v: 8 }, ${a}, (error, value) => resolve([error && [error.name, error.code, error.message, error.reason], error === null, value, c.name, c.length])) })`),
    'anything given to any of them': fc.tuple(name, fc.array(odd, { maxLength: 3 })).map(([of, args]) => `util.${of}(${args.join(', ')})`),
    'errors of the system': fc.oneof(fc.tuple(fc.constantFrom('getSystemErrorName', 'getSystemErrorMessage'), fc.integer({ min: -140, max: 3 })).map(([of, number]) => `util.${of}(${number})`), fc.tuple(fc.integer({ min: -110, max: 1 }), fc.constantFrom('"open"', 'undefined'), fc.constantFrom('undefined', '"orig"')).map(([number, ...rest]) => `((e) => [e.name, e.code, e.message, e.errno, e.syscall])(util._errnoException(${[number, ...rest].join(', ')}))`)),
    'texts of terminals': fc.tuple(fc.constantFrom('stripVTControlCharacters', 'toUSVString', 'inspect'), terminal).map(([of, text]) => `util.${of}(${text})`),
    'TextDecoder': fc.tuple(encoding, object({ fatal: fc.constantFrom('true', 'false', '1'), ignoreBOM: fc.constantFrom('true', 'false') }), pieces).map(([of, how, all]) => `((d) => [d.encoding, d.fatal, d.ignoreBOM${all.map(([bytes, stream]) => `, caught(() => d.decode(new Uint8Array([${bytes.join(', ')}]), { stream: ${stream} }))`).join('')}])(new util.TextDecoder(${of}, ${how}))`),
    'TextEncoder': fc.tuple(terminal, fc.constantFrom(0, 60)).map(([text, room]) => `[new util.TextEncoder().encode(${text}), ((u) => [new util.TextEncoder().encodeInto(${text}, u), u])(new Uint8Array(${room}))]`),
    'deprecate': fc.tuple(fc.constantFrom('function f (a, b) { return [a, this?.v] }', 'class K { constructor (a) { this.a = a } }', '(a) => a'), fc.constantFrom('"m"', 'undefined'), fc.constantFrom('"D1"', 'undefined'), fc.constantFrom('', ', { modifyPrototype: false }')).map(([of, message, code, how]) => `((d) => [d.name, d.length, caught(() => d.call({ v: 1 }, 2)), caught(() => ({ ...new d(3) })), Object.getOwnPropertyNames(d)])(util.deprecate(${of}, ${message}, ${code}${how}))`),
  }

  await assertDrawnSame(t, guest, { setup: SETUP, kinds: Object.fromEntries(Object.entries(kinds).filter(([kind]) => !FEW.has(kind))), callsOfAKind: 250 })
  await assertDrawnSame(t, guest, { setup: SETUP, kinds: Object.fromEntries(Object.entries(kinds).filter(([kind]) => FEW.has(kind))), callsOfAKind: 20 })
})
const FEW = new Set(['promisify', 'callbackify', 'deprecate'])

test('util has what Node\'s has', async () => {
  await assertSameAsNode(guest, SETUP, [
    'Object.keys(util)', 'Object.entries({ ...util }).map(([key, value]) => [key, typeof value, value.name, value.length])', 'Reflect.ownKeys(util.inspect)', 'util.inspect.colors', 'util.inspect.styles', 'util.inspect.defaultOptions', 'util.types === require("util/types")', 'Object.entries(util.types).map(([key, value]) => [key, value.name, value.length])', 'util.inspect(util.types)',
    '[util.MIMEType, util.MIMEParams].map((of) => [Reflect.ownKeys(of), Reflect.ownKeys(of.prototype)])', 'util.getSystemErrorMap().size', 'util.inspect((function () { return arguments })(1, "b"))', 'util.aborted(AbortSignal.abort(), {})', 'util.aborted(AbortSignal.abort())', '(async () => { const c = new AbortController(); const waits = util.aborted(c.signal, {}); c.abort(); return (await waits).type })()', 'util.transferableAbortController().signal.aborted',
    '(async () => { const seen = []; const f = util.debounce((x) => seen.push(x), 1); f(1); f(2); await new Promise((resolve) => setTimeout(resolve, 20)); return seen })()', '(async () => { const seen = []; const f = util.throttle((x) => { seen.push(x); return x }, 2, 5); return [await Promise.all([f(1), f(2), f(3)]), seen] })()',
  ])
})

test('every member of util and of events can be imported by its name', async () => {
  const names = await guest.resultOf('import * as util from "node:util"; import * as events from "node:events"\nexport default () => [util, events].map((all) => Object.keys(all).sort())')

  assert.deepEqual(names, [await import('node:util'), await import('node:events')].map((all) => Object.keys(all).filter((name) => !/^_|^module\.exports$/.test(name)).sort()))
})
