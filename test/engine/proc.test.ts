import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { readChildren, readProcessCpuMs, readRssBytes, readStartTime, readTreeRssBytes } from '../../src/engine/proc.ts'
import { until } from '../helpers/until.ts'

const GONE = 2 ** 22 + 1 // above the largest process id of Linux
const skip = process.platform !== 'linux' && 'reads /proc'

test('the memory of a process is what Node says of itself', { skip }, () => {
  const measured = readRssBytes(process.pid)

  assert.ok(Math.abs(measured - process.memoryUsage.rss()) < 20_000_000)
})

test('memory is read as well by a process that changed its user', { skip }, async (t) => {
  const script = `
    const { readRssBytes } = await import(${JSON.stringify(new URL('../../src/engine/proc.ts', import.meta.url).href)})
    if (process.getuid() === 0) process.setuid(65534)
    console.log(readRssBytes(process.pid) - process.memoryUsage.rss())`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))

  const [difference] = await Array.fromAsync(child.stdout.setEncoding('utf8'))

  assert.ok(Math.abs(Number(difference)) < 20_000_000, difference)
})

test('the memory of a tree counts its children', { skip }, async (t) => {
  const child = spawn(process.execPath, ['-e', 'process.stdout.write("up"); setInterval(() => {}, 60000)'], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')

  assert.ok(readTreeRssBytes(process.pid) > readRssBytes(process.pid) + 10_000_000)
})

test('a process that is gone has no memory', () => {
  assert.equal(readTreeRssBytes(GONE), 0)
})

test('the processor time of a process is what Node says of itself', { skip }, () => {
  const measured = readProcessCpuMs(process.pid)

  const { user, system } = process.cpuUsage()
  assert.ok(Math.abs(measured - (user + system) / 1000) < 100)
})

test('a process that is gone used no time', () => {
  assert.equal(readProcessCpuMs(GONE), 0)
})

test('a process that is dead, and that its parent has not noticed yet, has ended', { skip }, async (t) => {
  const parent = spawn('/bin/sh', ['-c', 'true & exec sleep 60'], { stdio: 'ignore' }) // sleep notices no child
  t.after(() => parent.kill('SIGKILL'))

  await until('the child has ended', () => readChildren(parent.pid ?? 0).some((child) => readStartTime(child) === 'ended'))

  assert.match(String(readStartTime(parent.pid ?? 0)), /^\d+$/)
})
