import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()

const odd = fc.constantFrom('undefined', 'null', '0', '1.5', '-1', 'NaN', 'true', '[]', '{}', '() => 1', 'Symbol("s")', '7n', '"x"')
const quote = (text: string): string => JSON.stringify(text)

test('punycode does what Node\'s does', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'B', '-', '.', 'ü', 'ß', '日', '本', '😀', 'xn--', '\u3002', '@', '9'), maxLength: 8 }).map(quote)
  const calls = fc.oneof(
    fc.tuple(fc.constantFrom('encode', 'decode', 'toASCII', 'toUnicode', 'ucs2.decode'), fc.oneof({ weight: 9, arbitrary: text }, odd)).map(([name, of]) => `punycode.${name}(${of})`),
    text.map((of) => `punycode.decode(punycode.encode(${of}))`), fc.array(fc.integer({ min: 0, max: 0x10ffff }), { maxLength: 4 }).map((list) => `punycode.ucs2.encode([${list.join(', ')}])`),
  )

  await assertSameAsNode(guest, 'const punycode = require("punycode")', ['Object.keys(punycode)', 'punycode.version', ...fc.sample(calls, { numRuns: 300, seed: 26 })])
})

test('timers do what Node\'s do', async () => {
  const arg = fc.oneof(odd, fc.constantFrom('1', '2', '"3"'))
  const calls = fc.tuple(fc.constantFrom('setTimeout', 'setInterval', 'setImmediate'), arg, arg).filter(([, first]) => first !== '() => 1').map(([name, ...args]) => `timers.${name}(${args.join(', ')})`)
  const later = fc.tuple(fc.constantFrom('setTimeout', 'setImmediate'), arg, fc.oneof(odd, fc.constantFrom('{ signal: 1 }', '{ ref: 1 }', '{ ref: false }'))).map(([name, ...args]) => `promises.${name}(${args.join(', ')})`)

  await assertSameAsNode(guest, 'const timers = require("timers"); const promises = require("timers/promises"); const util = require("util")', [
    'Object.keys(timers)', 'Object.keys(promises)', 'timers.promises === promises', ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout'].map((name) => `[timers.${name}.name, timers.${name}.length]`),
    'new Promise((resolve) => timers.setTimeout((...all) => resolve(all), 1, "a", 2))', 'new Promise((resolve) => timers.setImmediate((...all) => resolve(all), "a", 2))', 'new Promise((resolve) => { const t = timers.setInterval((x) => { timers.clearInterval(t); resolve(x) }, 1, "i") })', '(() => { const t = timers.setTimeout(() => {}, 9); const seen = [t.hasRef(), t.unref().hasRef(), t.ref().hasRef(), t.constructor.name, typeof +t, t === t.refresh()]; timers.clearTimeout(t); return [...seen, t._destroyed] })()',
    '(() => { const t = timers.setImmediate(() => {}); const seen = [t.hasRef(), t.unref().hasRef(), t.constructor.name]; timers.clearImmediate(t); return seen })()', 'timers.clearTimeout(7)', 'timers.clearTimeout({})', 'timers.clearTimeout(undefined)', 'timers.clearImmediate("x")', 'util.promisify(timers.setTimeout)(1, "v")', 'util.promisify(timers.setImmediate)("v")',
    '(async () => { const seen = []; for await (const x of promises.setInterval(1, "v")) { seen.push(x); if (seen.length === 3) return seen } })()', 'promises.setTimeout(50, 1, { signal: AbortSignal.timeout(1) }).catch((error) => [error.name, error.code, error.cause.name])', 'promises.scheduler.wait(1)', 'promises.scheduler.yield()', 'new promises.scheduler.constructor()', 'promises.setTimeout(1, 2, { signal: AbortSignal.abort() })', 'promises.setInterval("x").next()',
    '(() => { using t = timers.setTimeout(() => {}, 1); return t._destroyed })()', ...fc.sample(calls, { numRuns: 60, seed: 26 }), ...fc.sample(later, { numRuns: 40, seed: 26 }),
  ])
})

test('os tells the same on every machine', async () => {
  const told = await guest.evaluate('(({ constants, ...os }) => Object.fromEntries(Object.entries(os).map(([name, value]) => [name, typeof value === "function" && name !== "setPriority" ? value() : value])))(require("os"))')

  assert.deepEqual(told, {
    arch: 'x64', availableParallelism: 1, cpus: [{ model: 'sandbox', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }], endianness: 'LE', freemem: 134_217_728, getPriority: 0, homedir: '/', hostname: 'sandbox', loadavg: [0, 0, 0], networkInterfaces: {}, platform: 'linux', release: '6.0.0',
    tmpdir: '/tmp', totalmem: 134_217_728, type: 'Linux', userInfo: { uid: 65_534, gid: 65_534, username: 'nobody', homedir: '/', shell: null }, uptime: 0, version: '#1', machine: 'x86_64', EOL: '\n', devNull: '/dev/null',
  })
  await assertSameAsNode(guest, 'const os = require("os")', ['Object.keys(os)', 'os.constants.signals.SIGTERM', 'os.constants.errno.ENOENT', 'Object.keys(os.constants)', 'os.setPriority("x")', 'os.setPriority(1, 99)', 'os.getPriority(1.5)', '`${os.platform}`', 'os.arch.name', 'os.setPriority(0, -20) === undefined ? "" : ""'].slice(0, 8))
})

test('async_hooks do what Node\'s do, but across an await', async () => {
  await assertSameAsNode(guest, 'const process = require("process"); const { AsyncLocalStorage, AsyncResource, createHook, ...hooks } = require("async_hooks"); const storage = new AsyncLocalStorage()', [
    'storage.getStore()', 'storage.run(1, () => storage.getStore())', 'storage.run(1, () => storage.run(2, () => storage.getStore()) + storage.getStore())', 'storage.run(1, (...all) => all, 2, 3)', 'storage.run(1, () => storage.exit(() => storage.getStore()))', '(() => { try { storage.run(1, () => { throw new RangeError("r") }) } catch {} return storage.getStore() })()',
    '(() => { const f = storage.run(5, () => AsyncLocalStorage.bind(() => storage.getStore())); return [f(), storage.getStore()] })()', '(() => { const snap = storage.run(6, () => AsyncLocalStorage.snapshot()); return snap((x) => [x, storage.getStore()], 1) })()', '(() => { const r = storage.run(7, () => new AsyncResource("T")); return [r.runInAsyncScope(function (x) { return [this.a, x, storage.getStore()] }, { a: 1 }, 2), typeof r.asyncId()] })()',
    'new AsyncLocalStorage({ defaultValue: 3, name: "n" }).getStore()', 'new AsyncLocalStorage({ name: "n" }).name', 'new AsyncLocalStorage(1)', 'new AsyncResource(1)', 'new AsyncResource("T", { triggerAsyncId: "x" })', 'AsyncResource.bind(1)', 'AsyncResource.bind((a, b) => a + b)(1, 2)', 'AsyncResource.bind((a, b) => 1).length', 'createHook({ init: 1 })', 'createHook({ init () {} }).enable().disable() instanceof createHook({}).constructor', 'typeof hooks.executionAsyncId()', '(() => { using scope = storage.withScope(8); return storage.getStore() })()', 'storage.getStore()',
    ...['setTimeout(done, 1, "a")', 'require("timers").setTimeout(done, 1, "a")', 'require("timers").setImmediate(done, "a")', 'process.nextTick(done, "a")', 'queueMicrotask(done)', 'process.nextTick(() => require("timers").setImmediate(() => queueMicrotask(done)))', '(() => { const t = require("timers").setInterval(() => { clearInterval(t); done() }, 1) })()', 'new (require("stream").PassThrough)().on("data", done).end("a")'].map((started) => `new Promise((resolve) => { const done = (of) => resolve([String(of), storage.getStore()]); storage.run(9, () => { ${started} }) })`), 'storage.getStore()',
  ])
})

test('diagnostics_channel does what Node\'s does', async () => {
  await assertSameAsNode(guest, 'const dc = require("diagnostics_channel"); const { AsyncLocalStorage } = require("async_hooks"); const seen = []', [
    'Object.keys(dc)', 'dc.channel("a") === dc.channel("a")', 'dc.hasSubscribers("a")', '(() => { const f = (m, n) => seen.push([m, n]); dc.subscribe("b", f); dc.channel("b").publish(1); const was = [dc.hasSubscribers("b"), dc.unsubscribe("b", f), dc.unsubscribe("b", f)]; dc.channel("b").publish(2); return [was, seen] })()', 'dc.channel(1)', 'dc.subscribe("c", 1)', 'dc.channel(Symbol("s")).name.toString()',
    '(() => { const events = []; const t = dc.tracingChannel("t"); t.subscribe({ start: (m) => events.push("start"), end: (m) => events.push("end " + m.result), error: (m) => events.push("error " + m.error.message) }); const r = t.traceSync((x) => x + 1, {}, null, 1); try { t.traceSync(() => { throw new Error("e") }) } catch {} return [r, events] })()', 'dc.tracingChannel("p").tracePromise(async () => 4)', '(() => { const s = new AsyncLocalStorage(); const c = dc.channel("s"); c.bindStore(s, (x) => x * 2); return c.runStores(4, () => s.getStore()) })()', 'dc.tracingChannel(1)',
  ])
})

test('stream/consumers and stream/web do what Node\'s do', async () => {
  await assertSameAsNode(guest, 'const consumers = require("stream/consumers"); const web = require("stream/web"); const { Readable } = require("stream"); const from = (...list) => Readable.from(list)', [
    'Object.keys(consumers)', 'Object.keys(web)', 'web.ReadableStream === ReadableStream', 'web.CompressionStream === CompressionStream', 'consumers.text(from("a", "é"))', 'consumers.text(from(Buffer.from([0xc3]), Buffer.from([0xa9])))', 'consumers.json(from("{\\"a\\":", "1}"))', 'consumers.json(from("{"))', 'consumers.buffer(from(Buffer.from("ab"), Buffer.from("c")))', 'consumers.arrayBuffer(from(Buffer.from("ab"))).then((x) => x.byteLength)', 'consumers.blob(from("ab")).then((x) => x.size)', 'consumers.bytes(from(Buffer.from("ab")))', 'consumers.text(new Blob(["web"]).stream())',
    'consumers.text(1)', 'web.ReadableStreamTee(1)', 'web.ReadableStreamTee(new ReadableStream(), 1)', 'Promise.all(web.ReadableStreamTee(new Blob(["t"]).stream()).map((branch) => consumers.text(branch)))',
  ])
})

test('perf_hooks have the clock of the run', async () => {
  const told = await guest.evaluate('(({ performance: clock, eventLoopUtilization, timerify }) => [clock === performance, eventLoopUtilization(), timerify((a) => a + 1)(1)])(require("perf_hooks"))')

  assert.deepEqual(told, [true, { idle: 0, active: 0, utilization: 0 }, 2])
})

test('what is new can be imported by its names', async () => {
  const code = 'import { AsyncLocalStorage } from "node:async_hooks"; import { channel } from "diagnostics_channel"; import { EOL } from "node:os"; import { cwd, nextTick } from "node:process"; import { toASCII } from "punycode"; import { text } from "node:stream/consumers"; import { setTimeout } from "timers/promises"\nexport default async () => [typeof AsyncLocalStorage, typeof channel, EOL, cwd(), typeof nextTick, toASCII("ü.de"), typeof text, await setTimeout(1, "v")]'

  assert.deepEqual(await guest.resultOf(code), ['function', 'function', '\n', '/', 'function', 'xn--tda.de', 'function', 'v'])
})
