import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import { openGuest } from '../../../helpers/guest.ts'

const guest = await openGuest()

test('process tells nothing of the host, and what it tells never changes', async () => {
  const told = await guest.evaluate('(({ title, arch, platform, pid, ppid, argv, execPath, env, exitCode }) => ({ title, arch, platform, pid, ppid, argv, execPath, env, exitCode }))(require("process"))')

  assert.deepEqual(told, { title: 'node', arch: 'x64', platform: 'linux', pid: 1, ppid: 0, argv: ['node', 'job'], execPath: '/usr/bin/node', env: {} })
  assert.deepEqual(await guest.evaluate('[require("process").cwd(), require("process").version, require("process").versions.node, require("process").uptime() < 60]'), ['/', process.version, process.versions.node, true])
})

test('process.env has what the job was granted', async () => {
  assert.deepEqual(await guest.resultOf('export default (input, { env }) => [require("process").env, env]'), [{}, null])
})

test('what of process reaches outside says that it does not', async () => {
  const names = ['exit', 'kill', 'abort', 'binding', 'dlopen', 'chdir', 'setuid', 'reallyExit', 'loadEnvFile']
  const said = await guest.evaluate(`${JSON.stringify(names)}.map((name) => { try { return require('process')[name](0) } catch ({ code, message }) { return [code, message.split('; ')[0]] } })`)

  assert.deepEqual(said, names.map((name) => ['PERMISSION_DENIED', `Cannot use process.${name}: it is not available in the sandbox`]))
})

test('process does what Node\'s does', async () => {
  await assertSameAsNode(guest, 'const process = require("process")', [
    'process.nextTick(1)', 'process.nextTick()', 'new Promise((resolve) => process.nextTick((...all) => resolve(all), 1, 2))', 'process.hrtime(1)', 'process.hrtime([1])', 'process.hrtime().length', 'process.hrtime([0, 0]).map(Number.isInteger)', 'typeof process.hrtime.bigint()',
    'process.getBuiltinModule(1)', 'process.getBuiltinModule("nope")', 'process.getBuiltinModule("path") === require("path")', 'process.getBuiltinModule("node:util") === require("util")', 'Object.prototype.toString.call(process)', 'process.constructor.name', 'process.listenerCount("x")', 'process instanceof require("events")',
    'new Promise((resolve) => { process.once("own", resolve); process.emit("own", 7) })', 'process.stdout.isTTY ?? false', 'process.release.name', 'process.exitCode',
  ])
})

test('bodies have process, setImmediate and global as globals, modules do not', async () => {
  const body = await guest.resultOf('const seen = []; await new Promise((resolve) => setImmediate((x) => { seen.push(x); resolve() }, 1)); clearImmediate(setImmediate(() => seen.push(2))); return [seen, process === require("process"), global === globalThis, typeof process.env, Object.getOwnPropertyDescriptor(globalThis, "process").value === process]', { form: 'body' })

  assert.deepEqual(body, [[1], true, true, 'object', true])
  assert.deepEqual(await guest.evaluate('[typeof process, typeof setImmediate, typeof global]'), ['undefined', 'undefined', 'undefined'])
})
