import { type Attack, type AttackGroup, inEntry, NOTHING_FOUND } from '../attack.ts'

const withTools = (name: string, body: string, end: Attack['end'], more: Pick<Attack, 'logs' | 'options'> = {}): Attack => ({ name, code: inEntry(body), end, ...more })
const TOO_MANY = (method: string): Attack['end'] => ({ codes: ['TOOL_LIMIT'], name: 'RangeError', message: `Cannot call ${method}: 64 calls of tools wait for their answer, the limit`, limit: { name: 'concurrentToolCalls', configured: 64 } })

/** Every tool as an object, and every method of theirs with one value in each of its places. */
const TOOLS = 'const tools = { channel, crypto, db, echo, fetch, files, kv, secrets, checkpoint: context.checkpoint };'
const CALLS = `const calls = [
  (x) => echo.say(x), (x) => kv.get(x), (x) => kv.set(x, x, x), (x) => kv.set('k', x), (x) => kv.set('k', 1, x), (x) => kv.set('k', 1, { ttlMs: x }), (x) => kv.delete(x), (x) => kv.list(x), (x) => kv.list({ prefix: x }),
  (x) => kv.list({ cursor: x, limit: x }), (x) => kv.increment(x, x), (x) => kv.increment('n', x), (x) => kv.compareAndSet(x, x, x, x), (x) => kv.compareAndSet('k', x, x), (x) => secrets.get(x),
  (x) => channel.emit(x, x), (x) => channel.emit('t', x), (x) => channel.on(x, () => {}), (x) => channel.on('t', x), (x) => channel.off(x), (x) => context.checkpoint.save(x), (x) => context.checkpoint.load(x),
  (x) => fetch(x), (x) => fetch('http://a.test/', x), (x) => fetch('http://a.test/', { method: x }), (x) => fetch('http://a.test/', { headers: x }), (x) => fetch('http://a.test/', { method: 'POST', body: x }), (x) => fetch('http://a.test/', { signal: x }),
  (x) => db.execute(x), (x) => db.users.findMany({ where: x, limit: x }), (x) => db.users.findUnique({ where: { id: x } }), (x) => db.users.select(x), (x) => db.select().from(x), (x) => db.users.insert({ email: x, details: x }), (x) => db.posts.update({ title: x }),
  (x) => db.users.select().where(db.operators.eq(db.users.email, x)), (x) => db.transaction(x), (x) => db.transaction(() => {}, x), (x) => db.transaction((tx) => tx.execute(x)),
  (x) => crypto.subtle.digest(x, x), (x) => crypto.getRandomValues(x), (x) => files.readText(x), (x) => files.readText('data', x), (x) => files.readJson(x), (x) => files.readBytes(x, x), (x) => files.readBytes('data', x), (x) => files.readBytes('data', { start: x, end: x, decode: x }),
  (x) => files.stat(x), (x) => files.list(x), (x) => files.list({ cursor: x, limit: x }), (x) => files.lines(x, x).next(), (x) => files.chunks('data', { decode: x }).next(), (x) => files.write(x, x), (x) => files.write('w', x), (x) => files.append('w', x, x), (x) => files.append(x, 'w', { type: x }),
]; const settle = async (call, x) => { try { return { value: await call(x) } } catch (error) { return { error } } };`
const EVIL = `JSON.parse('{"__proto__":{"polluted":1,"ttlMs":1,"method":"PUT"},"constructor":{"prototype":{"polluted":1}},"prototype":{"polluted":1},"toString":1}')`

/** What holds for every tool there is: played with all of them at one time, and with what is behind them. */
export const everyTool: AttackGroup = {
  name: 'every tool at one time',
  attacks: [
    withTools('replacing, changing or deleting a member of a tool', `${TOOLS} const changed = []
      for (const [name, tool] of Object.entries(tools)) {
        const own = [[tool, name], ...Reflect.ownKeys(tool).filter((key) => typeof tool[key] === 'function').map((key) => [tool[key], name + '.' + String(key)])]
        for (const [target, path] of own) for (const attempt of [() => { target.more = 1 }, () => Object.setPrototypeOf(target, null), () => Object.defineProperty(target, 'name', { value: 'x' }), ...Reflect.ownKeys(target).flatMap((key) => [() => { target[key] = 1 }, () => { delete target[key] }, () => Object.defineProperty(target, key, { get () { return 1 } })])]) {
          try { attempt(); changed.push(path + ' ' + String(attempt)) } catch (error) { if (error.name !== 'TypeError') changed.push(path + ' ' + error.name) }
        }
        if (name in globalThis && Object.getOwnPropertyDescriptor(globalThis, name).configurable) changed.push(name)
      } return changed`, NOTHING_FOUND),
    withTools('a walk from every tool to a realm that is not its own, and to code', `${TOOLS} const found = [], seen = new Set(), queue = [...Object.values(tools), crypto.subtle, Headers, Request, Response, ReadableStream, AbortController, CryptoKey]
      for (let at = 0; at < queue.length && at < 20_000; at++) {
        const value = queue[at]
        if (Object(value) !== value || seen.has(value)) continue
        seen.add(value)
        let root = value
        while (Object.getPrototypeOf(root) !== null) root = Object.getPrototypeOf(root)
        if (root !== Object.prototype && Object.getPrototypeOf(value) !== null) found.push('another realm')
        if (typeof value === 'function') { try { value.constructor.constructor('return 1')(); found.push('code from ' + value.name) } catch (error) { if (error.name !== 'EvalError' && !(error instanceof TypeError)) found.push(error.name) } }
        for (const key of Reflect.ownKeys(value)) {
          if (/isolate|ivm|host|token|native|applySync|applyIgnored|deref|services|grants|receipt/i.test(String(key)) && !/^native$/.test(String(key))) found.push(String(key))
          const { value: member, get, set } = Object.getOwnPropertyDescriptor(value, key)
          queue.push(member, get, set)
        }
        queue.push(Object.getPrototypeOf(value))
      } return [found, seen.size > 100]`, { result: [[], true] }),
    withTools('a proxy that throws whatever is done, in every place of every method', `${CALLS} const trap = () => { throw new RangeError('trap') }; const handler = Object.fromEntries(Reflect.ownKeys(Reflect).filter((key) => typeof key === 'string').map((key) => [key, trap])); const found = []
      for (const target of [{}, () => {}, []]) for (const call of calls) { const { error, value } = await settle(call, new Proxy(target, handler)); if (!(error instanceof Error) || !(error.message === 'trap' || ['TypeError', 'ToolError'].includes(error.name))) found.push([String(call), String(error ?? JSON.stringify(value))]) }
      return found.filter(([call]) => !/load|on\\('t'|crypto/.test(call))`, NOTHING_FOUND),
    withTools('values of all kinds, in every place of every method: no tool fails for any of them, and what it says is an error of this realm', `${CALLS} const cycle = {}; cycle.self = cycle; const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); const gone = new ArrayBuffer(8); gone.transfer(); let turn = 0
      const values = [undefined, null, true, -0, NaN, Infinity, 1e308, 2 ** 53, -1, 0.5, 10n, Symbol('s'), '', '\\0', '\\ud800', '__proto__', 'constructor', '../../x', 'a:b:c', '*', 'x'.repeat(100_000), [], [,], {}, () => {}, cycle, proxy, gone, new Date(NaN), /x/g,
        { toJSON () { return this } }, { toJSON () { throw new Error('mine') } }, { toJSON: () => undefined }, { toString: () => ({}) , valueOf: () => ({}) }, { then (resolve) { resolve('a') } }, { get ttlMs () { return turn++ ? 'x' : 5 }, get limit () { return { valueOf: () => 1 } } }, { [Symbol.toPrimitive]: () => 1n }, Object.create(null), new Proxy([], {}), new Error('x'), globalThis, echo, kv]
      const found = []
      for (const value of values) await Promise.all(calls.map(async (call) => { const { error } = await settle(call, value); if (error !== undefined && (!(error instanceof Error) || /the tool failed|node:|\\/src\\/|at .*\\.ts/.test(error.message + error.stack))) found.push([String(call), typeof value, String(error)]) }))
      return found`, NOTHING_FOUND, { options: { limits: { toolCalls: 5000, timeoutMs: 120_000, cpuMs: 60_000 } } }),
    withTools('__proto__ and constructor as members, in every place of every method', `${CALLS} for (const call of calls) await settle(call, ${EVIL}); await kv.set('evil', ${EVIL}); await context.checkpoint.save(${EVIL}); const back = [await kv.get('evil'), await context.checkpoint.load()]
      return [typeof ({}).polluted, typeof Object.polluted, back.map((value) => [Object.getPrototypeOf(value) === Object.prototype, Object.hasOwn(value, '__proto__'), typeof value.polluted])]`, { result: ['undefined', 'undefined', [[true, true, 'undefined'], [true, true, 'undefined']]] }),
    withTools('setters and getters for what kv and secrets send and get', `const heard = []; for (const key of ['key', 'value', 'ttlMs', 'by', 'expected', 'prefix', 'cursor', 'limit', 'name', 'text', 'bytes', 'failure', 'toJSON', 'get', 'set', 'enumerable', 'writable', 'configurable']) { Object.defineProperty(Object.prototype, key, { __proto__: null, configurable: true, get () { heard.push('get ' + key); return undefined }, set () { heard.push('set ' + key) } }) }
      await kv.set('heard', 1); const answers = [await kv.get('heard'), await kv.increment('heard'), await kv.compareAndSet('heard', 2, 3), await kv.delete('heard'), (await secrets.get('TOKEN')).length]; delete Object.prototype.toJSON; return [answers, heard]`, { result: [[1, 2, true, true, 22], []] }),
    withTools('keys that are something else elsewhere', `const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', '\\0', ' ', 'a:b', 'kv:other', '{tag}', '*', '?', '[', '(', '+inf', '-', '../x', '\\r\\nDEL x', '\\u202e', '\\ufeff', 'k'.repeat(256)]
      for (const key of keys) await kv.set(key, 'mine ' + key); const wrong = []; for (const key of keys) { if (await kv.get(key) !== 'mine ' + key) wrong.push(key); if (!(await kv.list({ prefix: key })).keys.includes(key)) wrong.push('list ' + key) }
      for (const key of keys) if (await kv.delete(key) !== true) wrong.push('delete ' + key); return wrong`, NOTHING_FOUND),
    withTools('values of kv that nest more deeply than the worker compares', `const nest = (value) => { for (let i = 0; i < 20_000; i++) value = [value]; return value }; await kv.set('deep', nest({ a: 1, b: 2 })); try { await kv.compareAndSet('deep', nest({ b: 2, a: 1 }), 1) } catch (error) { return [error.code, error.message] }`, { result: ['TOOL_ERROR', 'Cannot set "deep": its value, or the one expected, is nested too deeply to be compared'] }),
    withTools('names of files that are something else elsewhere', `const names = ['__proto__', 'constructor', 'toString', ' ', 'a:b', '../up', '/etc/passwd', 'a/../../b', '%2e%2e%2f', '\\\\host', 'fil', '{tag}', '*', '[', '-rf', 'CON', 'a'.repeat(256), '\\u00e9']
      for (const name of names) await files.write(name, 'mine ' + name); const wrong = []; for (const name of names) { if (await files.readText(name) !== 'mine ' + name || (await files.stat(name)).name !== name) wrong.push(name) }
      const refused = ['', '.', '..', 'fil_x', 'a\\0b', 'a\\nb', '\\u202e', '\\ufeff', '\\ud800', 'a'.repeat(257)]; for (const name of refused) { try { await files.write(name, 1); wrong.push(name) } catch (error) { if (error.code !== 'TOOL_ERROR') wrong.push(String(error)) } }
      await files.write('e\\u0301', 'the same'); return [wrong, await files.readText('\\u00e9')]`, { result: [[], 'the same'] }),
    withTools('files of other tenants and jobs, by name and by id', `const found = []; for (const name of ['theirs', input]) for (const read of [() => files.readText(name), () => files.readBytes(name), () => files.stat(name)]) { try { const value = await read(); if (value !== undefined) found.push(value) } catch (error) { if (!/there is no such file/.test(error.message)) found.push(String(error)) } }
      return [found, (await files.list()).files.map(({ name }) => name)]`, { result: [[], ['data']] }),
    withTools('a file that is written and read again without an end', `let written = 0; try { for (;;) { await files.write('again', 'x'.repeat(100_000)); written++; await files.readText('again') } } catch (error) { return [error.code, written] }`, { result: ['TOOL_LIMIT', 10] }),
    withTools('secrets by other names than the job has', `const found = []; for (const name of ['OTHER', 'token', 'TOKEN ', 'TOKEN\\0', '__proto__', 'constructor', '*', '', 'TOKEN,OTHER', ['OTHER'], { name: 'OTHER' }, 'other/TOKEN']) { try { found.push(await secrets.get(name)) } catch (error) { if (!['PERMISSION_DENIED', 'TOOL_ERROR'].includes(error.code) && error.name !== 'TypeError') found.push(String(error)) } } return found`, NOTHING_FOUND),
    withTools('calls of every tool that are not waited for', `${CALLS} setInterval(() => { for (const call of calls.slice(0, 25)) settle(call, 'late').then(() => console.log('late')) }, 1); for (const call of calls) settle(call, 'late'); return 1`, { result: 1 }),
    ...(['kv.get', 'secrets.get', 'channel.emit', 'checkpoint.load', 'fetch.open', 'files.stat'] as const).map((method) => withTools(
      `calls of ${method} without an end, each one caught`,
      `for (;;) { try { ${{ 'kv.get': 'kv.get("x")', 'secrets.get': 'secrets.get("TOKEN")', 'channel.emit': 'channel.emit("t", 1)', 'checkpoint.load': 'context.checkpoint.load()', 'fetch.open': 'fetch("http://a.test/")', 'files.stat': 'files.stat("data")' }[method]}.catch(() => {}) } catch {} }`,
      TOO_MANY(method),
    )),
  ],
}
