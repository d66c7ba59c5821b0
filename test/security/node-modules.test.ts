import assert from 'node:assert/strict'
import { isBuiltin } from 'node:module'
import { test } from 'node:test'
import { UNIT_GLOBALS } from '../../src/engine/guest/web-globals.ts'
import { openGuest } from '../helpers/guest.ts'

const guest = await openGuest()

const NAMES = Object.keys(UNIT_GLOBALS).filter((unit) => unit.startsWith('node:') && isBuiltin(unit))
const ALL = JSON.stringify(NAMES)
const LIMITS = { timeoutMs: 30_000, cpuMs: 30_000 }

test('nothing that can be reached from a module of Node is of another realm, a handle of the host or a way to make code of text', async () => {
  const [found, count] = await guest.resultOf(`export default () => {
    const seen = new Set(), found = []
    const roots = [Object.prototype, Function.prototype, null]
    function walk (value, path) {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value) || path.length > 12) return
      seen.add(value)
      let root = value
      for (let next = root; next !== null; next = Object.getPrototypeOf(root = next)) walk(next, [...path, '__proto__'])
      if (!roots.includes(root) && Object.getOwnPropertyNames(root).includes('hasOwnProperty')) found.push(['realm', ...path])
      for (const name of ['compileScriptSync', 'createContextSync', 'applySync', 'derefInto', 'copySync', 'mainModule', '_linkedBinding']) if (Object.hasOwn(value, name)) found.push([name, ...path])
      for (const key of Reflect.ownKeys(value)) {
        const { get, set, value: member } = Object.getOwnPropertyDescriptor(value, key)
        if (get && path.length < 3) { try { walk(value[key], [...path, String(key)]) } catch {} }
        for (const part of [get, set, member]) walk(part, [...path, String(key)])
      }
      if (typeof value !== 'function') return
      try { if (value.constructor !== undefined && value.constructor !== Function && typeof value.constructor === 'function' && value.constructor('return 1')() === 1) found.push(['code', ...path]) } catch {}
    }
    for (const name of ${ALL}) walk(require(name), [name])
    return [found, seen.size]
  }`, { limits: LIMITS, tools: ['crypto'] }) as [string[][], number]

  assert.deepEqual(found, [])
  assert.ok(count > 1000, `${count} objects`)
})

test('methods of the language that are replaced before a module is loaded are handed nothing of the guest', async () => {
  for (const name of NAMES) {
    const run = await guest.run(`export default () => {
      let odd = 0
      const { has } = Reflect, define = Object.defineProperty, { apply } = Function.prototype, call = apply.call.bind(apply)
      const look = (value) => { if (value !== null && (typeof value === 'object' || typeof value === 'function')) if (has(value, 'compileScriptSync') || has(value, 'createContextSync') || has(value, 'runSync') || has(value, 'derefInto') || has(value, 'applySync')) odd++ }
      for (const holder of [Object, Array, Array.prototype, String.prototype, Map.prototype, Promise.prototype, Reflect, JSON]) for (const key of Object.getOwnPropertyNames(holder)) {
        const descriptor = Object.getOwnPropertyDescriptor(holder, key)
        const before = descriptor.value
        if (typeof before !== 'function' || key === 'constructor' || !descriptor.writable) continue
        try { holder[key] = define({ [key] (...args) { look(this); for (let i = 0; i < args.length; i++) look(args[i]); return call(before, this, args) } }[key], 'length', { __proto__: null, value: before.length }) } catch {}
      }
      for (const key of ['text', 'cache', 'cachedDataRejected', 'reference', 'then']) Object.defineProperty(Object.prototype, key, { __proto__: null, get () { look(this); return undefined }, set (value) { look(this); look(value) }, configurable: true })
      require('${name}')
      for (const key of ['text', 'cache', 'cachedDataRejected', 'reference', 'then']) delete Object.prototype[key]
      return odd
    }`, { limits: LIMITS, tools: ['crypto'] })
    assert.equal(run.failure?.message ?? run.result, '0', name)
  }
})

test('stacks of errors that modules of Node throw tell of no file but the code\'s own', async () => {
  const stacks = await guest.evaluate(`[
    () => require('fs'), () => Buffer.alloc('x'), () => require('util').promisify(1), () => new (require('events'))().emit('error', new Error('e')), () => require('assert').equal(1, 2), () => require('path').join(1), () => require('url').parse(1),
    () => require('stream').pipeline(1), () => require('zlib').inflateSync('no'), () => require('process').exit(), () => require('timers').setTimeout(1), () => require('os').setPriority('x'), () => require('async_hooks').AsyncResource.bind(1), () => new (require('string_decoder').StringDecoder)('x'), () => require('util').parseArgs({ args: ['--x'] }),
    () => require('diagnostics_channel').channel(1), () => require('querystring').unescape(Symbol()), () => require('punycode').decode('\\x80'), () => require('url').fileURLToPath('http://x'), () => require('crypto').createHash('nope'), () => new (require('util').MIMEType)('x'),
  ].map((call) => { try { call() } catch (error) { return error.stack } })`) as (string | null)[]

  assert.ok(stacks.filter((stack) => typeof stack === 'string').length >= 18)
  for (const stack of stacks) assert.doesNotMatch(stack ?? '', /file:|node:internal|isolated-vm|\/(?:tmp|home|work|usr|src|node_modules)\//)
})

test('what one run does to a module of Node is not there in the next one', async () => {
  assert.equal(await guest.evaluate('(() => { require("util").inspect = 1; require("events").prototype.on = 2; require("process").env.A = "x"; Buffer.prototype.toString = 3; return 1 })()'), 1)
  assert.deepEqual(await guest.evaluate('[typeof require("util").inspect, typeof require("events").prototype.on, require("process").env, Buffer.from("a").toString()]'), ['function', 'function', {}, 'a'])
})
