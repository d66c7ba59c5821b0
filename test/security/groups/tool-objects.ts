import { type Attack, type AttackGroup, inEntry, isStoppedBy, NOTHING_FOUND } from '../attack.ts'

const tools = ['echo', 'crypto']
const withTools = (name: string, body: string, end: Attack['end'], more: Pick<Attack, 'logs' | 'options'> = {}): Attack => ({ name, code: inEntry(body), end, ...more, options: { tools, ...more.options } })
const withFetch: typeof withTools = (name, body, end, more) => withTools(name, body, end, { ...more, options: { tools: ['fetch'] } })
const toolError = (message: string | RegExp): Attack['end'] => ({ codes: ['TOOL_ERROR'], name: 'ToolError', message })
const tooManyCalls = (message: string, configured: number, name = 'toolCalls'): Attack['end'] => ({ codes: ['TOOL_LIMIT'], name: 'RangeError', message, limit: { name, configured } })

/** Tools as user code sees them: frozen globals, whose calls leave the isolate and come back. */
export const toolObjects: AttackGroup = {
  name: 'escape by tool object',
  attacks: [
    {
      name: 'tools that were not asked for',
      code: inEntry('return ["echo", "crypto", "db", "fetch", "kv", "files", "secrets", "channel", "probe"].filter((name) => name in globalThis)'),
      end: NOTHING_FOUND,
    },
    {
      name: 'one tool of two',
      code: inEntry('return [await echo.say("x"), typeof crypto]'),
      options: { tools: ['echo'] },
      end: { result: ['x', 'undefined'] },
    },
    withTools('replacing, changing or deleting a tool', `const changed = [], tries = [() => { globalThis.echo = 1 }, () => { delete globalThis.echo }, () => Object.defineProperty(globalThis, 'echo', { get () {} }), () => { echo.say = 1 }, () => { echo.more = 1 }, () => Object.defineProperty(echo, 'say', { value: 1 }),
      () => Object.setPrototypeOf(echo, null), () => { echo.say.more = 1 }, () => Object.defineProperty(echo.say, 'name', { value: 'x' }), () => { globalThis.crypto = 1 }, () => { delete globalThis.crypto }, () => { crypto.subtle = 1 }, () => { crypto.more = 1 }, () => Object.setPrototypeOf(echo.say, null)]
      for (const attempt of tries) { try { attempt(); changed.push(String(attempt)) } catch (error) { if (error.name !== 'TypeError') changed.push(error.name) } } return changed`, NOTHING_FOUND),
    withTools(
      'code from the functions of tools',
      `const made = []; for (const f of [echo.say, crypto.getRandomValues, crypto.randomUUID, crypto.subtle.digest, echo.constructor, crypto.constructor, CryptoKey, Object.getPrototypeOf(echo.say)]) { try { f.constructor.constructor('return 1')(); made.push(String(f.name)) } catch (error) { if (error.name !== 'EvalError') made.push(error.name) } } return made`,
      NOTHING_FOUND,
    ),
    withTools('references of the host on tools', `const found = [], seen = new Set(), queue = [echo, crypto, crypto.subtle, CryptoKey]; for (let at = 0; at < queue.length; at++) { const value = queue[at]; if (Object(value) !== value || seen.has(value)) continue; seen.add(value); for (let p = value; p !== null; p = Object.getPrototypeOf(p)) if (Object.getPrototypeOf(p) === null && p !== Object.prototype) found.push('another realm')
      for (const key of Reflect.ownKeys(value)) { if (/isolate|ivm|host|token|native|apply(Sync|Ignored)|deref/i.test(String(key))) found.push(String(key)); const d = Object.getOwnPropertyDescriptor(value, key); queue.push(d.value, d.get, d.set) } queue.push(Object.getPrototypeOf(value)) } return found`, NOTHING_FOUND),
    withTools(
      'paths and secrets in the sources of tools',
      `const texts = [echo.say, crypto.getRandomValues, crypto.subtle.sign, CryptoKey].map((f) => Function.prototype.toString.call(f)); return texts.filter((text) => /node_modules|file:|\\/src\\/|\\/home\\/|\\/root\\/|\\/tmp\\/|[0-9a-f]{16}/.test(text))`,
      NOTHING_FOUND,
    ),
    withTools(
      'toJSON on Object.prototype, to hear what a tool sends',
      `const heard = []; Object.prototype.toJSON = function () { heard.push(Object.keys(this).join()); return { text: 'forged' } }; const said = await echo.say('mine'); delete Object.prototype.toJSON; return [said, heard]`,
      { result: ['mine', []] },
    ),
    withTools('setters and getters for what goes to a tool and comes from it', `const heard = []; for (const key of ['text', 'bytes', 'failure', 'method', 'args', 'resolve', 'reject', 'trace', 'call', 'constructor', 'then', 'textChars', 'code', 'name', 'message']) { try { const old = Object.getOwnPropertyDescriptor(Object.prototype, key); Object.defineProperty(Object.prototype, key, { configurable: true, get () { if (key !== 'then' && key !== 'constructor') heard.push(key); return old?.value }, set (value) { heard.push('set ' + key) } }) } catch {} }
      const said = await echo.say('mine'), random = crypto.getRandomValues(new Uint8Array(2)).length; return [said, random, heard]`, { result: ['mine', 2, []] }),
    withTools(
      'a proxy behind Object\'s prototypes that hears the look-ups of tools',
      `const heard = new Set(); let on = false; const ear = new Proxy({ __proto__: null }, { get (_, key) { if (on) heard.add(String(key)) }, has (_, key) { if (on) heard.add(String(key)); return false }, getPrototypeOf: () => null }); for (const target of [Array.prototype, Function.prototype, String.prototype, Promise.prototype, Uint8Array.prototype, ArrayBuffer.prototype]) Object.setPrototypeOf(target, ear); on = true; const said = await echo.say('mine'); on = false; return [said, [...heard]]`,
      { result: ['mine', []] },
    ),
    withTools(
      'Promise changed in every way while a tool is called',
      `Promise.prototype.then = () => { throw new Error('then') }; Promise.resolve = Promise.reject = () => { throw new Error('made') }; Object.defineProperty(Promise, Symbol.species, { get () { throw new Error('species') } }); globalThis.Promise = class {}; return await echo.say('mine')`,
      { result: 'mine' },
    ),
    withTools(
      'Promise.prototype.constructor that is a getter, while a tool is called',
      `Object.defineProperty(Promise.prototype, 'constructor', { configurable: true, get () { return class { constructor () { throw new Error('made') } } } }); const said = []; echo.say('mine').then((text) => said.push(text)); for (let i = 0; i < 50; i++) await { then (resolve) { setTimeout(resolve, 1) } }; return said`,
      { result: ['mine'] },
    ),
    withTools(
      'a text that answers with code',
      `let asked = 0; const text = { toString () { asked++; return { } }, valueOf () { asked++; throw new Error('valueOf') } }; try { await echo.say(text) } catch (error) { return [asked, error.message] }`,
      { result: [2, 'valueOf'] },
    ),
    withTools(
      'a proxy that throws whatever is done, as an argument',
      `const said = []; for (const attempt of [() => echo.say(new Proxy({}, { get () { throw new Error('trap') } })), () => crypto.getRandomValues(new Proxy(new Uint8Array(1), {})), () => crypto.subtle.digest(new Proxy({}, { get () { throw new Error('trap') } }), new Uint8Array(1))]) { try { said.push(await attempt()) } catch (error) { said.push(error.message) } } return said`,
      { result: ['trap', 'Cannot get random values: the argument is not a view on an ArrayBuffer', 'trap'] },
    ),
    withTools(
      'receivers of all kinds',
      `const { say } = echo; return [await say('a'), await say.call(null, 'b'), await say.call(new Proxy({}, { get () { throw 1 } }), 'c'), await Reflect.apply(say, crypto, ['d'])]`,
      { result: ['a', 'b', 'c', 'd'] },
    ),
    withFetch(
      'code from the functions and classes of fetch',
      `const made = []; const classes = [Headers, Request, Response, AbortController, AbortSignal, Event, EventTarget, TextEncoder, ReadableStream, WritableStream, TransformStream]; for (const f of [fetch, Object.getPrototypeOf(fetch), new Response().text, ...classes, ...classes.flatMap(({ prototype }) => Object.values(Object.getOwnPropertyDescriptors(prototype)).flatMap(({ value, get }) => [value, get]).filter((member) => typeof member === 'function'))]) { try { f.constructor.constructor('return 1')(); made.push(f.name) } catch (error) { if (error.name !== 'EvalError') made.push(error.name) } } return made`,
      NOTHING_FOUND,
    ),
    withFetch(
      'paths in the sources of fetch',
      `const texts = [fetch, Request, Response, Headers, AbortSignal, ReadableStream].map((f) => Function.prototype.toString.call(f)); return texts.filter((text) => /node_modules|file:|\\/src\\/|\\/home\\/|\\/root\\/|\\/tmp\\/|[0-9a-f]{16}/.test(text)).length`,
      { result: 0 },
    ),
    withFetch(
      'requests to what nobody granted, with whatever the address is written as',
      `const answers = new Set(); for (const url of ['http://127.0.0.1/', 'http://2130706433/', 'http://[::1]/', 'http://169.254.169.254/latest/meta-data', 'http://localhost:6379/', 'https://example.com/', 'file:///etc/passwd', 'unix:/tmp/x']) { try { await fetch(url); answers.add(url) } catch (error) { answers.add(error.constructor === TypeError && ['PERMISSION_DENIED', 'TOOL_ERROR'].includes(error.code)) } } for (const url of ['blob:nodedata:x', 'blob:https://example.com/x']) { try { await fetch(url); answers.add(url) } catch (error) { answers.add(error.constructor === TypeError) } } return [...answers]`,
      { result: [true] },
    ),
    withFetch('a request to what nobody granted, which nobody catches', `await fetch('http://127.0.0.1:6379/')`, { codes: ['PERMISSION_DENIED'], name: 'TypeError' }),
    withFetch(
      'toJSON, to forge what a request says',
      `const heard = []; Object.prototype.toJSON = Array.prototype.toJSON = String.prototype.toJSON = function () { heard.push(Object.prototype.toString.call(this)); return { id: 1, method: 'GET', url: 'http://127.0.0.1:6379/' } }; let code; try { await fetch('http://elsewhere.test/', { headers: { a: 'b' } }) } catch (error) { code = error.message.includes('elsewhere.test') } delete Object.prototype.toJSON; delete Array.prototype.toJSON; delete String.prototype.toJSON; return [code, heard]`,
      { result: [true, []] },
    ),
    withTools('a text over its length', `await echo.say('x'.repeat(1025))`, toolError(/^Cannot call echo\.say: text: /)),
    withTools(
      'arguments over their length',
      `await echo.say('x'.repeat(1_048_577))`,
      { codes: ['USER_ERROR'], name: 'TypeError', message: /^Cannot call echo\.say: its arguments have 1048588 characters, allowed are 1048576$/ },
    ),
    withTools(
      '26 calls of three megabytes each at one time, which are sent as fast as may be',
      `const big = '\\u0800'.repeat(1e6); const answers = await Promise.allSettled(Array.from({ length: 26 }, () => echo.say(big))); return [...new Set(answers.map(({ status, reason }) => status + ' ' + reason.code))]`,
      { result: ['rejected TOOL_ERROR'] },
      { options: { limits: { memoryMb: 256 } } },
    ),
    withTools(
      'calls without an end, caught',
      `for (;;) { try { await echo.say('x') } catch {} }`,
      tooManyCalls('Cannot call echo.say: 20 calls of tools were made, the limit', 20),
      { options: { limits: { toolCalls: 20 } } },
    ),
    withTools(
      'calls at one time without an end',
      `for (;;) echo.say('x')`,
      tooManyCalls('Cannot call echo.say: 64 calls of tools wait for their answer, the limit', 64, 'concurrentToolCalls'),
    ),
    withTools(
      'calls at one time without an end, each one caught',
      `for (;;) { try { echo.say('x').catch(() => {}) } catch {} }`,
      tooManyCalls('Cannot call echo.say: 64 calls of tools wait for their answer, the limit', 64, 'concurrentToolCalls'),
    ),
    withTools(
      'calls of two tools, counted together',
      `for (let i = 0; i < 30; i++) { await echo.say('x'); crypto.randomUUID() }`,
      { codes: ['TOOL_LIMIT'], name: 'RangeError', limit: { name: 'toolCalls', configured: 20 } },
      { options: { limits: { toolCalls: 20 } } },
    ),
    withTools(
      'prepareStackTrace, which is called for an error of a tool before it is one',
      `const seen = []; Error.prepareStackTrace = (error, sites) => { seen.push([error.message, typeof sites[0].getFunction()].join()); Object.freeze(error); return 'made' }; await echo.say('x'.repeat(2000))`,
      { codes: ['TOOL_ERROR'], name: 'Error', message: '', stack: 'made' },
    ),
    withTools(
      'the error of a tool, changed and thrown again',
      `try { await echo.say('x'.repeat(2000)) } catch (error) { error.code = 'WORKER_CRASHED'; error.message = 'forged'; error.name = 'TimeoutError'; throw error }`,
      { codes: ['TOOL_ERROR'], name: 'TimeoutError', message: 'forged' },
    ),
    withTools(
      'an error that claims to be a tool\'s',
      `throw Object.assign(new Error('x'), { code: 'PERMISSION_DENIED', name: 'ToolError' })`,
      { codes: ['USER_ERROR'], name: 'ToolError', message: 'x' },
    ),
    withTools(
      'an error of a tool as a rejection that nobody handles',
      `echo.say('x'.repeat(2000)); await new Promise(() => {})`,
      { codes: ['UNHANDLED_REJECTION'], name: 'Error', message: /^Cannot call echo\.say: text: / },
    ),
    withTools('a call that is not waited for', `echo.say('x').then(() => console.log('late')); return 1`, { result: 1 }, { logs: [] }),
    withTools('a loop behind the answer of a tool', `await echo.say('x'); for (;;);`, isStoppedBy('TIMEOUT', 200), { options: { limits: { timeoutMs: 200 } } }),
    withTools(
      'memory behind the answer of a tool',
      `await echo.say('x'); const all = []; for (;;) all.push(new Array(10_000).fill(1))`,
      isStoppedBy('MEMORY_LIMIT', 16),
      { options: { limits: { memoryMb: 16, timeoutMs: 30_000 } } },
    ),
    withTools(
      'a prototype polluted through an answer',
      `const answer = await echo.say('{"__proto__":{"polluted":1}}'); return [answer, typeof ({}).polluted]`,
      { result: ['{"__proto__":{"polluted":1}}', 'undefined'] },
    ),
    withTools(
      'a stack that tells of the tool\'s host',
      `try { await echo.say('x'.repeat(2000)) } catch (error) { return error.stack.split('\\n').filter((line) => line.startsWith('    at ') && !/(job\\.js|batchbox:guest|<isolated-vm>)/.test(line)) }`,
      NOTHING_FOUND,
    ),
    withTools(
      'keys of the crypto tool forged',
      `const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt']); const found = []; for (const attempt of [() => crypto.subtle.exportKey('raw', key), () => crypto.subtle.exportKey('raw', Object.create(CryptoKey.prototype)), () => crypto.subtle.encrypt({ name: 'AES-GCM', iv: new Uint8Array(12) }, { ...key, __proto__: CryptoKey.prototype }, new Uint8Array(1)), () => crypto.subtle.exportKey('raw', new Proxy(key, {})), () => new CryptoKey()]) { try { await attempt(); found.push(String(attempt)) } catch (error) { found.push(...['InvalidAccessError', 'TypeError'].includes(error.name) ? [] : [error.name]) } } return [found, Reflect.ownKeys(key).length]`,
      { result: [[], 0] },
    ),
    withTools(
      'random bytes by the megabyte',
      `try { crypto.getRandomValues(new Uint8Array(65_537)); return 'made' } catch (error) { return error.name }`,
      { result: 'QuotaExceededError' },
    ),
  ],
}
