import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createRandom, drawFrom } from '../../../helpers/seeded-random.ts'
import { expression } from '../../../security/expressions.ts'
import { startScripted } from './scripted.ts'

// The same expressions in an isolate and in Node, whose classes are tested with web-platform-tests.
const { inside } = await startScripted()

const EXPRESSIONS = [
  // Headers
  ...['undefined', 'null', '{}', '[]', '[["a"]]', '[["a", 1]]', '[["a", "b"], ["A", "c"]]', '{ a: 1, B: [2, 3] }', '"ab"', '1', 'new Map([["a", "b"]])', 'new Set(["ab"])', 'Object.create({ a: 1 })', '[[" a", "b"]]', '[["a", " \\t b \\r\\n"]]',
    '[["a", "b\\n c"]]', '[["a", "ü"]]', '[["a", "€"]]', '[["a:", "b"]]', '{ "": "" }', '{ a: "" }', '{ a: undefined }', 'new Proxy({ x: 1 }, {})', '[["a", "b", "c"]]', '[[]]', '[null]', '["ab"]', '[new String("ab")]', '{ get a () { throw new RangeError("x") } }'].map((init) => `[...new Headers(${init})]`),
  'new Headers({ a: 1 }).get("A")', 'new Headers([["a", "1"], ["a", ""], ["a", "2"]]).get("a")', 'new Headers().get("")', 'new Headers().get("a")', 'new Headers().has(" ")', 'new Headers().set("a")', 'new Headers().delete("a b")', 'new Headers().append("a", "\\0")',
  'new Headers([["Set-Cookie", "a"], ["x", "y"], ["set-cookie", "b"]]).getSetCookie()', '[...new Headers([["Set-Cookie", "a"], ["x", "y"], ["set-cookie", "b"]])]', 'new Headers([["Set-Cookie", "a"], ["set-cookie", "b"]]).get("set-cookie")',
  'const h = new Headers({ b: 1, a: 2, c: 3 }); h.delete("B"); h.set("C", "x"); h.append("d", "y"); return [...h.entries()]', 'const h = new Headers([["a", "1"], ["b", "2"], ["a", "3"]]); h.set("a", "4"); return [...h]', 'Object.prototype.toString.call(new Headers().values())',
  // Request
  ...['', '"get"', '"Post"', '"patch"', '"PATCH"', '"delete"', '"trace"', '"a,b"', '"\\u00fc"', 'null', '{}'].map((method) => `new Request("http://a.test/", { method: ${method || 'undefined'} }).method`),
  'const r = new Request("http://a.test/", { method: "POST", body: "x", headers: { "content-type": "a/b" } }); return [...r.headers]', 'const r = new Request("http://a.test/", { method: "POST", body: "x" }); return [...r.headers]',
  '[...new Request("http://a.test/", { method: "POST", body: new Uint8Array(1) }).headers]', 'new Request("http://a.test/", { body: "" })', 'new Request("http://a.test/", { body: null }).body', 'new Request("http://a.test/", { redirect: "x" })', 'new Request("http://a.test/", { redirect: "manual" }).redirect',
  'new Request("http://a.test/", { signal: null }).signal.aborted', 'new Request("http://a.test/", { signal: {} })', 'new Request("http://a.test/", { signal: AbortSignal.abort(3) }).signal.reason', 'new Request()', 'Request("http://a.test/")', 'new Request("http://a.test/", null).method', 'new Request("http://a.test/", "x")',
  'const a = new Request("http://a.test/", { method: "PUT", body: "x" }); const b = new Request(a); return [a.bodyUsed, await b.text(), b.method]', 'const a = new Request("http://a.test/", { method: "PUT", body: "x" }); await a.text(); return new Request(a)',
  'const a = new Request("http://a.test/", { method: "PUT", body: "x" }); await a.text(); return await new Request(a, { body: "y" }).text()', 'const a = new Request("http://a.test/", { method: "PUT", body: "x" }); const b = a.clone(); return [await b.text(), await a.text(), b.method]',
  'const a = new Request("http://a.test/", { headers: { a: "1" } }); const b = new Request(a, { headers: { b: "2" } }); return [[...b.headers], [...new Request(a).headers], [...a.clone().headers]]', 'const a = new Request("http://a.test/", { method: "PUT", body: "x" }); return new Request(a, { method: "GET" })',
  'new Request("http://a.test/", { method: "POST", body: new ReadableStream() })', 'new Request("http://a.test/", { method: "POST", body: new ReadableStream(), duplex: "half" }).duplex', 'new Request("http://a.test/", { method: "POST", body: new ReadableStream(), duplex: "full" })',
  // Response
  ...['undefined', '{ status: 200 }', '{ status: 0 }', '{ status: 100 }', '{ status: 599 }', '{ status: 600 }', '{ status: "204" }', '{ status: NaN }', '{ status: 2 ** 16 + 300 }', '{ status: -1 }', '{ statusText: "ü" }', '{ statusText: "€" }', '{ statusText: "a\\nb" }', '{ headers: { a: 1 } }', 'null', '1'].map((init) => `const r = new Response(null, ${init}); return [r.status, r.ok, r.statusText, r.type, r.url, r.redirected, r.body, [...r.headers]]`),
  ...['204', '205', '304', '101', '200'].map((status) => `new Response("", { status: ${status} }).status`),
  'const r = Response.error(); return [r.type, r.status, r.ok, r.body]', 'Response.redirect("http://a.test/b").headers.get("location")', 'Response.redirect("http://a.test/", 301).status', 'Response.redirect("http://a.test/", 300)', 'await Response.json({ a: "ü" }).json()', 'Response.json(undefined)', 'Response.json(() => {})',
  'Response.json(1, { headers: { "content-type": "x/y" } }).headers.get("content-type")', 'Response.json(null, { status: 204 })', 'const r = new Response("x"); await r.text(); return await r.text()', 'const r = new Response("x"); r.body.getReader(); return await r.text()', 'const r = new Response("x"); r.body.getReader(); return r.clone()',
  'const r = new Response("x"); const b = r.body; await r.text(); return [r.body === b, b.locked, r.bodyUsed]', 'const r = new Response(null); return [await r.text(), r.bodyUsed, (await r.arrayBuffer()).byteLength]', 'await new Response(null).json()', 'await new Response("{").json()', 'await new Response("\\ufeff1").json()',
  'const r = new Response("x"); await r.body.cancel(); return [r.bodyUsed, await r.text()]', 'const r = new Response("abc"); const c = r.clone(); return [await c.text(), await r.text()]', '[...(await new Response("ü").bytes())]', 'const s = new ReadableStream({ start (c) { c.enqueue("x") } }); return await new Response(s).text()',
  'const s = new ReadableStream(); s.getReader(); return new Response(s)', 'const s = new ReadableStream({ start (c) { c.close() } }); await s.getReader().read(); return new Response(s)', 'new Response(Symbol())', 'Response.prototype.text.call({})', 'Object.getOwnPropertyDescriptor(Response.prototype, "status").get.call({})', 'new Response("x", { headers: { "Set-Cookie": "a" } }).headers.getSetCookie()',
  // AbortSignal, events
  'AbortSignal.abort().reason.name', 'AbortSignal.abort().reason.message', 'AbortSignal.abort(null).reason', 'AbortSignal.abort(undefined).reason.code', 'new AbortSignal()', 'AbortSignal.timeout("x").aborted', 'AbortSignal.any()', 'AbortSignal.any(1)', 'AbortSignal.any([1])',
  'AbortSignal.any([AbortSignal.abort(1)]).reason', 'const c = new AbortController(); c.abort(1); c.abort(2); return c.signal.reason', 'AbortSignal.abort(5).throwIfAborted()', 'new AbortController().signal.throwIfAborted()', 'const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; c.signal.onabort = () => { n += 10 }; c.abort(); return n',
  'const c = new AbortController(); let n = 0; c.signal.onabort = () => n++; c.signal.onabort = null; c.abort(); return [n, c.signal.onabort]', 'const c = new AbortController(); c.signal.onabort = 1; return c.signal.onabort', 'new Event("x", { bubbles: 1, cancelable: {}, composed: "" }).bubbles', 'new Event()', 'new Event(Symbol())', 'new Event("x", 1)',
  'const e = new Event("x"); e.preventDefault(); return e.defaultPrevented', 'const e = new Event("x", { cancelable: true }); e.returnValue = false; return [e.defaultPrevented, e.returnValue]', 'const e = new Event("x"); e.stopPropagation(); return e.cancelBubble', 'new EventTarget().addEventListener("x")', 'new EventTarget().addEventListener("x", {})', 'new EventTarget().dispatchEvent({})',
  'const t = new EventTarget(); let n = 0; const f = () => n++; t.addEventListener("x", f); t.addEventListener("x", f, true); t.addEventListener("x", f, { once: true }); t.dispatchEvent(new Event("x")); t.dispatchEvent(new Event("x")); return n',
  'const t = new EventTarget(); let n = 0; t.addEventListener("x", { handleEvent () { n++ } }, { signal: AbortSignal.abort() }); t.dispatchEvent(new Event("x")); return n', 'class T extends EventTarget {}; const t = new T(); let seen; t.addEventListener("x", function (e) { seen = [this === t, e.target === t, e.composedPath().length] }); t.dispatchEvent(new Event("x")); return seen',
  // Text
  'new TextDecoder("utf8").encoding', 'new TextDecoder().decode()', 'new TextDecoder().decode(new ArrayBuffer(1))', 'new TextDecoder().decode("x")', 'new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array([255]))', '[...new TextEncoder().encode("a\\ud800b")]', 'new TextEncoder().encodeInto("aü", new Uint8Array(2))', 'new TextEncoder().encodeInto("a", [])',
  'const d = new TextDecoder(); return [d.decode(new Uint8Array([0xef, 0xbb]), { stream: true }), d.decode(new Uint8Array([0xbf, 0x61]), { stream: true }), d.decode(new Uint8Array([0xf0]), { stream: true }), d.decode()]',
]

/** What the standards say where Node says something else. */
const RIGHT: Readonly<Record<string, string>> = {
  '[...new Headers(() => {})]': '[]', // members that are enumerated only
  'await new Response("\\ufeff\\ufeffa").text()': '"\ufeffa"', // one mark is taken away
  'AbortSignal.timeout(-1)': 'throws TypeError', // [EnforceRange]
  'AbortSignal.timeout(NaN)': 'throws TypeError',
  'const t = new EventTarget(); const e = new Event("x"); let name; t.addEventListener("x", () => { try { t.dispatchEvent(e) } catch (error) { name = error.name } }); t.dispatchEvent(e); return name': '"InvalidStateError"',
}

/** Evaluates in either world: the value as JSON, or the name of what was thrown. */
const EVALUATE = `async (run) => {
  try {
    const value = await run()
    return value === undefined ? 'undefined' : JSON.stringify(value) ?? typeof value
  } catch (error) {
    return 'throws ' + (typeof error?.name === 'string' ? error.name : typeof error === 'object' ? 'an object' : String(error))
  }
}`

/** An expression, or statements that return. */
const toFunction = (code: string) => `async () => { ${code.startsWith('return ') || code.includes('; return ') ? code : `return (${code})`} }`

/** Evaluates in this process; these are our own texts. */
async function evaluateHere (expressions: readonly string[]): Promise<string[]> {
  const module = await import(`data:text/javascript,${encodeURIComponent(`export default (${EVALUATE}); export const list = [${expressions.map(toFunction).join(', ')}]`)}`) as { default: (run: () => unknown) => Promise<string>, list: (() => unknown)[] }
  return await Promise.all(module.list.map(module.default))
}

/** Evaluates in an isolate. */
async function evaluateInside (expressions: readonly string[]): Promise<string[]> {
  return await inside(`return await Promise.all([${expressions.map(toFunction).join(', ')}].map(${EVALUATE}))`) as string[]
}

async function compare (expressions: readonly string[]): Promise<void> {
  const ours = await evaluateInside(expressions)
  const theirs = await evaluateHere(expressions)

  const differences = expressions.flatMap((expression, i) => ours[i] === theirs[i] ? [] : [{ expression, ours: ours[i], theirs: theirs[i] }])
  assert.deepEqual(differences, [])
}

test('expressions are as in Node', async () => {
  await compare(EXPRESSIONS)
})

test('where Node is not as the standards say, they are followed', async () => {
  assert.deepEqual(await evaluateInside(Object.keys(RIGHT)), Object.values(RIGHT))
})

test('headers after any calls are as in Node', async () => {
  const random = createRandom(20)
  const names = ['"a"', '"A"', '"b"', '"set-cookie"', '"Set-Cookie"', '"content-type"', '"a b"', '""', '"x-1"']
  const values = ['"1"', '" 2 "', '""', '"a, b"', '"ü"', '"\\n"', '"x\\ny"', '3', 'null']
  const calls = [() => `append(${drawFrom(names, random)}, ${drawFrom(values, random)})`, () => `set(${drawFrom(names, random)}, ${drawFrom(values, random)})`, () => `delete(${drawFrom(names, random)})`, () => `append(${drawFrom(names, random)}, ${drawFrom(values, random)})`]
  const expressions = Array.from({ length: 150 }, () => {
    const steps = Array.from({ length: 1 + Math.floor(random() * 8) }, () => `try { h.${drawFrom(calls, random)()} } catch (error) { said.push(error.name) }`)
    return `const h = new Headers(), said = []; ${steps.join('; ')}; return [[...h], said, h.getSetCookie(), h.get("a"), h.has("b")]`
  })

  await compare(expressions)
})

const DRAWN = 1000
const BATCH = 50
/** What is made of any two values, such as proxies, getters and objects without a prototype. */
const CALLS: readonly ((a: string, b: string) => string)[] = [
  (a) => `return [...new Headers(${a})]`,
  (a, b) => `const h = new Headers(); h.append(${a}, ${b}); return [...h]`,
  (a, b) => `const r = new Response(${a}, ${b}); return [r.status, r.statusText, [...r.headers]]`,
  (a) => `const r = new Response(null, ${a}); return [r.status, r.statusText, [...r.headers]]`,
  (a) => `const r = new Request('http://a.test/', ${a}); return [r.method, r.redirect, [...r.headers], r.signal.aborted]`,
  (a) => `return new Request('http://a.test/', { method: ${a} }).method`,
  (a) => `return [...new Request('http://a.test/', { method: 'POST', headers: ${a} }).headers]`,
  (a) => `return await Response.json(${a}).text()`,
  (a) => `return new Event(${a}).type`,
  (a) => `return AbortSignal.any(${a}).aborted`,
  (a) => `return new TextDecoder(${a}).encoding`,
  (a) => `return [...new TextEncoder().encode(${a})].length`,
  (a, b) => `new EventTarget().addEventListener(${a}, ${b}); return 1`,
]
/** Records of functions, of Math and of a member named __proto__ are not as the standards say in Node. */
const WRONG_IN_NODE = /\(\(\) => 1\)|\(function|\(class|Math|__proto__/

test('whatever they are given, the classes do with it what those of Node do', async () => {
  const drawn = fc.sample(fc.tuple(expression, expression, fc.constantFrom(...CALLS)), { numRuns: DRAWN, seed: 6 }).map(([a, b, call]) => call(a, b)).filter((code) => !WRONG_IN_NODE.test(code))

  for (let at = 0; at < drawn.length; at += BATCH) await compare(drawn.slice(at, at + BATCH))
})
