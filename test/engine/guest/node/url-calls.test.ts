import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'
import { assertDrawnSame, call, type Code, list, mostly, object, odd, quoted, textOf } from './drawn-calls.ts'

const guest = await openGuest()
process.noDeprecation = true // much of what is old is among the calls
process.chdir('/') // where the sandbox is, and relative paths begin

/** `caught` tells what an error has besides its name, code and message, and what its stack begins with. */
const SETUP = `
  const url = require("url"); const util = require("util"); const { Buffer } = require("buffer")
  const parts = (u) => u && ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"].map((name) => u[name]).concat([[...u.searchParams]])
  const caught = (act) => { try { return act() } catch (error) { return ["throws", error.name, error.code, error.message, Object.entries(error), error.constructor.name, error.stack.split("\\n    at ")[0]] } }
  const steps = (on, ...all) => [...all.map((step) => [caught(() => step(on)), String(on)]), on instanceof URL ? parts(on) : [...on]]`

const scheme = ['', 'http:', 'HTTPS:', 'ws:', 'ftp:', 'file:', 'mailto:', 'javascript:', 'data:', 'blob:http:', 'x:', 'a.b+c-1:', '1x:', 'ht\ntp:', ' http:']
const slashes = ['', '//', '/', '\\\\', '///', '/\\', '////']
const auth = ['', '', '', 'user:p%40ss@', 'a@b@', 'u@', ':@', ':p@', 'é:ü@', 'a:b:c@', 'u%3Ap@', '"@']
const host = ['', 'example.com', 'EXAMPLE.com:8080', 'exämple.de', '[::1]:80', '[::1%25]', '[1:2::3:4]', 'a b', 'x_y', '127.0.0.1', '127.1', '0x7f.1', '256.1.1.1', 'h:443', 'h:65536', 'h:x', 'h:', '日本語。jp', 'xn--mnchen-3ya.de', 'xn--a', 'a%41b', 'a..b', '.', 'a%2fb', 'localhost', 'C|', 'a*b', "a'b", 'a<b', 'faß.de', 'h:0080', 'a`b', '1e2', 'x'.repeat(70), '\u00ad', 'a\u200db', 'é%', '[::g]', '☃.net', 'a\\b', 'a^b', 'ab{', '٠.de', 'אב.example', 'ＷＷＷ．a']
const path = ['', '/', '/a/../b', '/a b', '/é', '\\x', '/./c/..', '/%2e%2E/d', '/C:/x', '/C|/y', '//b', '/a;p=1', '/"<>`{}', '/%zz', '/😀', '/\ud800', '/a\tb', '/a:b@c', 'x', '..', '/a|b', "/it's", '/^', '/[x]', '/%41%2f%5c']
const query = ['', '?', '?a=b&c', '?a=%zz', '?é=ü&+', '?a=1&a=2', "?'", '?"<>', '?a?b', '?\ud800', '?x=%E2%82%AC', '?a b']
const hash = ['', '#', '#h é', '#a#b', '#"<>`', '#\0', '#%zz']
const address = fc.tuple(...[scheme, slashes, auth, host, path, query, hash].map((pieces) => fc.constantFrom(...pieces))).map((pieces) => quoted(pieces.join('')))
const simple = fc.tuple(...[['http:', 'https:', 'file:', 'ftp:', 'x:'], ['//'], auth, ['h', 'example.com', 'exämple.de', '1.2.3.4', '[::1]', 'xn--mnchen-3ya.de', ''], ['', ':80', ':8080'], path, query, hash].map((pieces) => fc.constantFrom(...pieces))).map((pieces) => quoted(pieces.join('')))
const relative = fc.tuple(...[slashes, path, path, query, hash].map((pieces) => fc.constantFrom(...pieces))).map((pieces) => quoted(pieces.join('')))
const text = fc.oneof({ weight: 3, arbitrary: address }, { weight: 2, arbitrary: simple }, relative, textOf(['/', ':', '@', '?', '#', '.', '..', 'a', '%', ' ', '[', ']', '\\', 'é', '\t', '\n', '&', '=', '\0', 'http', '\ud83d', '\ude00', '%41', '\u00a0', '1', '~', '|'], 14))
const given = mostly(text, 20)
const valid = fc.oneof(address, simple).filter((code) => URL.canParse(JSON.parse(code) as string))
const flag = fc.constantFrom('true', 'false', 'undefined', '1', '0', 'null', '"x"')

const legacy = fc.oneof({ weight: 3, arbitrary: object({
  protocol: mostly(textOf(['http', 'file', ':', 'javascript', 'x'], 2), 8), slashes: flag, auth: mostly(fc.constantFrom('"a:b"', '"a@b"', '"é"', '""'), 8), host: mostly(fc.constantFrom(...host.map(quoted)), 12), hostname: mostly(fc.constantFrom(...host.map(quoted)), 12), port: mostly(fc.constantFrom('80', '"81"', '0', '""'), 8),
  pathname: mostly(fc.constantFrom(...path.map(quoted)), 12), search: mostly(fc.constantFrom(...query.map(quoted)), 12), query: mostly(fc.constantFrom('{ a: 1, b: ["x", "y"] }', '"a=1"', '{}'), 8), hash: mostly(fc.constantFrom(...hash.map(quoted)), 12), href: given,
}) }, text.map((code) => `url.parse(${code})`), valid.map((code) => `new URL(${code})`), given)

const MEMBERS = ['href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash', 'origin', 'searchParams']
const setting = fc.tuple(fc.constantFrom(...MEMBERS), mostly(fc.oneof(fc.constantFrom(...[...scheme, ...host, ...path, ...query, ...hash, '80', '443', '65536', '8x', 'x8', ' 9', '-1', '%', 'a@b', '/', '//'].map(quoted)), text), 20)).map(([name, value]) => `(u) => { u.${name} = ${value} }`)
const pairText = textOf(['a', 'b', '=', '&', '+', '%20', 'é', '😀', '\ud800', '%', '?', '*', "'", '~', ' ', '\0'], 5).filter((code) => !isMixed(code))
/** Of a text that is not ASCII, and whose escapes are no UTF-8, Node takes the characters for bytes; the standard does not. */
const isMixed = (code: string): boolean => /[^\0-\x7f]|\\ud/.test(code) && !isUtf8(code)
const isUtf8 = (code: string): boolean => { try { return decodeURIComponent(code) !== '' } catch { return false } }
const pair = fc.oneof({ weight: 6, arbitrary: fc.tuple(pairText, pairText).map((both) => `[${both.join(', ')}]`) }, list(pairText, 3), odd, fc.constantFrom('new Set(["x", "y"])', '(function * () { yield 1; yield 2 })()', '"ab"', 'new String("ab")', 'new Map([[1, 2]])', '[Symbol("k"), 1]'))
const init = fc.oneof({ weight: 3, arbitrary: pairText }, { weight: 3, arbitrary: list(pair, 3) }, object({ a: pairText, b: mostly(pairText), 'é': pairText, '"\\ud800"': pairText, '"\\udfff"': pairText, '[Symbol("s")]': odd }), odd, fc.constantFrom('new URLSearchParams("a=1&b=2")', 'new Map([["a", 1], ["b", [2]]])', '({ [Symbol.iterator]: 1 })', '({ [Symbol.iterator]: null, a: 1 })', '({ [Symbol.iterator]: () => 1 })', '({ get a () { throw new RangeError("get") } })', '(function () {})', 'Object.assign(() => {}, { a: 1 })', '({ toString: () => "q=1" })', 'new (class extends URLSearchParams { own = 1 })("c=3")', '({ * [Symbol.iterator] () { yield ["a", "b"]; throw new RangeError("it") } })', 'globalThis.Buffer.from("ab")'))
const paired = fc.oneof(
  fc.tuple(fc.constantFrom('append', 'set', 'delete', 'has', 'get', 'getAll', 'sort', 'toString', 'keys', 'values', 'entries'), fc.array(mostly(pairText, 12), { maxLength: 3 })).map(([name, args]) => `(p) => p.${name}(${args.join(', ')})`),
  fc.constantFrom('(p) => p.size', '(p) => { const seen = []; p.forEach((...all) => seen.push(all.length, all[0], all[1], all[2] === p)); return seen }', '(p) => p.forEach(1)', '(p) => p.forEach()', '(p) => [...p.keys()].join()', '(p) => { const it = p.entries(); it.next(); p.delete("a"); return [...it] }', '(p) => p.forEach(function () { p.tag = this.x }, { x: 1 })', '(p) => Object.prototype.toString.call(p.entries())', '(p) => p.keys().next.call({})', '(p) => { p.size = 9 }'),
)

/** Of nothing, V8 tells the name of a private member, which is Node's own. */
const notNothing = odd.filter((code) => code !== 'null' && code !== 'undefined')

const KINDS: Record<string, Code> = {
  'parse': call('url.parse', given, flag, flag),
  'Url': fc.tuple(given, flag, flag).map((args) => `new url.Url().parse(${args.join(', ')})`),
  'resolve': call('url.resolve', mostly(fc.oneof(simple, text), 20), mostly(fc.oneof(relative, text), 20)),
  'resolveObject': call('url.resolveObject', fc.oneof(given, simple.map((code) => `url.parse(${code})`)), fc.oneof(relative, given, relative.map((code) => `url.parse(${code})`))),
  'format': call('url.format', legacy),
  'format of a URL': fc.tuple(valid, fc.oneof({ weight: 5, arbitrary: object({ auth: flag, fragment: flag, search: flag, unicode: flag }) }, odd)).map(([of, options]) => `url.format(new URL(${of}), ${options})`),
  'format with options': fc.tuple(legacy, object({ auth: flag, fragment: flag, search: flag, unicode: flag })).map((args) => `url.format(${args.join(', ')})`),
  'new URL': fc.tuple(fc.constantFrom('new URL', 'new url.URL'), fc.oneof(call('', given, fc.oneof(simple, given)), text.map((code) => `(${code})`))).map(([name, args]) => `caught(() => parts(${name}${args}))`),
  'URL.parse': call('URL.parse', given, fc.oneof(simple, given)).map((code) => `caught(() => parts(${code}))`),
  'URL.canParse': call('URL.canParse', given, fc.oneof(simple, given)).map((code) => `caught(() => ${code})`),
  'what is set of a URL': fc.tuple(valid, fc.array(setting, { minLength: 1, maxLength: 4 })).map(([of, all]) => `steps(new URL(${of}), ${all.join(', ')})`),
  'searchParams of a URL': fc.tuple(valid, fc.array(fc.oneof(paired, fc.tuple(fc.constantFrom('search', 'href'), fc.oneof(fc.constantFrom(...query.map(quoted)), text)).map(([name, value]) => `(p, u) => { u.${name} = ${value} }`)), { minLength: 1, maxLength: 4 })).map(([of, all]) => `((u) => steps(u, ${all.map((step) => `(u) => (${step})(u.searchParams, u)`).join(', ')}))(new URL(${of}))`),
  'new URLSearchParams': fc.oneof(init.map((of) => `new URLSearchParams(${of})`), fc.constant('new url.URLSearchParams()')).map((code) => `caught(() => { const p = ${code}; return [String(p), [...p], p.size] })`),
  'methods of URLSearchParams': fc.tuple(textOf(['a=1', 'b', '&', '=', 'a=2', 'é', '+', '%', 'z'], 6).filter((code) => !isMixed(code)), fc.array(paired, { minLength: 1, maxLength: 5 })).map(([of, all]) => `steps(new URLSearchParams(${of}), ${all.join(', ')})`),
  'on what is neither': fc.oneof(
    fc.tuple(fc.constantFrom('URLSearchParams.prototype.append', 'URLSearchParams.prototype.get', 'URLSearchParams.prototype.forEach', 'URLSearchParams.prototype.entries', 'URLSearchParams.prototype.sort', 'URLSearchParams.prototype.toString', 'URLSearchParams.prototype.keys', 'URLSearchParams.prototype.has', 'URLSearchParams.prototype[Symbol.iterator]', 'URL.prototype.toString', 'URL.prototype.toJSON', 'new URLSearchParams("a").keys().next'), notNothing).map(([method, on]) => `${method}.call(${on}, "a", "b")`),
    fc.tuple(fc.constantFrom(...MEMBERS), notNothing).map(([name, on]) => `Reflect.get(URL.prototype, "${name}", ${on})`), fc.tuple(fc.constantFrom(...MEMBERS), notNothing).map(([name, on]) => `Reflect.set(URL.prototype, "${name}", "x", ${on})`),
  ),
  'inspecting': fc.tuple(fc.oneof(valid.map((of) => `new URL(${of})`), fc.tuple(pairText, fc.constantFrom('', '.keys()', '.values()', '.entries()')).map(([of, more]) => `new URLSearchParams(${of})${more}`), text.map((of) => `url.parse(${of})`)), fc.constantFrom('undefined', '{ depth: 0 }', '{ depth: -1 }', '{ colors: true }', '{ breakLength: 10 }', '{ compact: false }'), fc.constantFrom('of', '[of]', '{ a: { b: { c: of } } }', 'Object.assign(of, { own: 1 })')).map(([of, options, within]) => `((of) => util.inspect(${within.startsWith('{') ? `(${within})` : within}, ${options}))(${of})`),
  'domains': fc.tuple(fc.constantFrom('url.domainToASCII', 'url.domainToUnicode'), mostly(fc.oneof(fc.constantFrom(...host.map(quoted)), textOf(['a', 'é', 'xn--', 'ß', '.', '。', '日', '-', 'A', '1', '_', ' ', '/', ':', '%41', '\u0308', '\u200d', '\ud800', 'xn--tda', '/x', 'ⅷ', '😀'], 6)), 20)).map(([name, of]) => `${name}(${of})`),
  'fileURLToPath': call('url.fileURLToPath', fc.oneof({ weight: 6, arbitrary: fc.tuple(fc.constantFrom('file:///', 'file://', 'file://host/', 'file:', 'http://', 'file:///C:/', 'FILE:///'), textOf(['a', '/', '%20', '%25', '%2f', '%5C', '%2F', 'é', '%zz', '%C3%A9', '%ff', '?', '#', '..', '|', '\\', ':', '%00', 'xn--tda'], 6)).chain((pieces) => { const [root, rest] = pieces; const code = `${quoted(root)} + ${rest}`; return fc.constantFrom(code, `new URL(${code})`, `new URL(${code}).href`) }) }, odd, fc.constantFrom('({ href: "file:///a", protocol: "file:", pathname: "/a", hostname: "" })', '({ href: "x", protocol: "x:" })', '({ href: "file:///a", protocol: "file:" })', 'url.parse("file:///a")')), fc.oneof({ weight: 4, arbitrary: fc.constantFrom('{ windows: true }', '{ windows: false }', '{}', '{ windows: 1 }') }, odd)).map((code) => `caught(() => ${code})`),
  'pathToFileURL': call('url.pathToFileURL', mostly(fc.oneof(fc.tuple(fc.constantFrom(...host.map(quoted)), textOf(path, 2)).map(([server, rest]) => `"\\\\\\\\" + ${server} + "\\\\" + ${rest}`), textOf(['/', 'a', '%', '?', '#', ' ', 'é', '\\', '\n', '..', 'C:', '\r', '\t', '"', '|', '~', '\ud800', ':', '\0', '[', '^', '😀', '%41'], 8), fc.constantFrom('"\\\\\\\\server\\\\share\\\\a b"', '"\\\\\\\\?\\\\C:\\\\x"', '"\\\\\\\\server"', '"\\\\\\\\?\\\\UNC\\\\s\\\\h\\\\f"', '"\\\\\\\\exämple\\\\s\\\\f"', '"//a/b"', '"C:\\\\a\\\\"', '"\\\\\\\\a b\\\\c\\\\d"')), 20), fc.oneof({ weight: 4, arbitrary: fc.constantFrom('{ windows: true }', '{ windows: false }', '{}', '{ windows: 0 }') }, odd)).map((code) => `caught(() => parts(${code}))`),
  'urlToHttpOptions': call('url.urlToHttpOptions', fc.oneof({ weight: 5, arbitrary: valid.map((of) => `new URL(${of})`) }, valid.map((of) => `Object.assign(new URL(${of}), { own: 1, port: 5 })`), fc.constantFrom('{ href: "http://a/", protocol: "http:", hostname: "[::1]", port: "7", search: "", pathname: "/", username: "u%41", password: "" }', 'url.parse("http://a/b")'), odd)),
  'fileURLToPathBuffer': call('url.fileURLToPathBuffer', fc.oneof(fc.tuple(fc.constantFrom('file:///', 'file://host/', 'http://', 'file:///C:/'), textOf(['a', '/', '%20', '%2f', '%5C', 'é', '%C3%A9', '%ff', '%zz', '%'], 6)).map((pieces) => `new URL(${quoted(pieces[0])} + ${pieces[1]})`), odd), fc.constantFrom('{ windows: true }', '{ windows: false }', '{}')).map((code) => `caught(() => ${code})`),
}

test('drawn calls of url do what Node\'s do', async (t) => {
  await assertDrawnSame(t, guest, { setup: SETUP, kinds: KINDS, callsOfAKind: 300 })
})

test('url has what Node\'s has', async () => {
  const describe = (on: string): string => `Reflect.ownKeys(${on}).map((key) => { const { value, get, set, ...rest } = Object.getOwnPropertyDescriptor(${on}, key); return [String(key), typeof value, value?.name, value?.length, get?.name, set?.name, rest] }).sort()`

  await assertSameAsNode(guest, SETUP, [
    'Object.entries(url).map(([name, value]) => [name, value.name, value.length])', ...['URL', 'URL.prototype', 'URLSearchParams', 'URLSearchParams.prototype', 'Object.getPrototypeOf(new URLSearchParams().keys())', 'url.Url', 'url.Url.prototype', 'Object.getOwnPropertyDescriptors(new URL("x:y"))'].map(describe),
    'url.URL === URL', 'url.URLSearchParams === URLSearchParams', 'URL("x:y")', 'URLSearchParams()', 'URL.createObjectURL()', 'URL.createObjectURL(1)', 'URL.revokeObjectURL()', 'Object.prototype.toString.call(new URL("x:y"))', 'JSON.stringify({ u: new URL("x:y") })', 'new (class Own extends URL { get own () { return this.href } })("x:y").own',
  ])
})

test('no method that code has changed gets hold of the pairs of URLSearchParams', async () => {
  const text = await guest.evaluate(`(() => {
    const params = new URLSearchParams("a=1"); const { inspect } = require("util"); const lists = new Set(); const { prototype } = Array
    for (const name of Reflect.ownKeys(prototype)) {
      const { value } = Object.getOwnPropertyDescriptor(prototype, name)
      if (typeof value === "function" && name !== "constructor") prototype[name] = function (...args) { lists.add(this); return Reflect.apply(value, this, args) }
    }
    inspect([params, params.entries(), params.keys()]); params.sort(); params.forEach(() => {}); params.append("b", "2"); params.delete("b"); params.set("a", "1"); new URLSearchParams(params)
    lists.forEach((list) => { if (Array.isArray(list[0])) list[0][0] = "changed" })
    return String(params)
  })()`)

  assert.equal(text, 'a=1')
})
