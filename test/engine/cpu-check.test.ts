import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CpuCheck } from '../../src/engine/cpu-check.ts'

const linux = { skip: process.platform !== 'linux' && 'reads /proc' }

function burn (ms: number): void {
  const from = process.cpuUsage()
  for (let used = { user: 0, system: 0 }; (used.user + used.system) / 1000 < ms; used = process.cpuUsage(from)); // oxlint-disable-line no-empty
}

test('a claim within what passed and what was taken is gone by', linux, () => {
  const check = new CpuCheck(process.pid)
  burn(200)

  assert.equal(check.settle({ wallMs: 200, cpuMs: 150 }, true), 150)
  assert.ok(check.usedMs >= 150)
})

test('more time than has passed cannot have been used', () => {
  const check = new CpuCheck(0)

  assert.throws(() => check.settle({ wallMs: 1000, cpuMs: 0 }, true), /it claims 1000 ms, \d ms have passed/)
  assert.throws(() => check.settle({ wallMs: 0, cpuMs: 1e6 }, true), /it claims 1000000 ms of processor time/)
})

test('more processor time than the process took cannot have been used', linux, async () => {
  const check = new CpuCheck(1) // somebody who does not work for us
  await new Promise((resolve) => { setTimeout(resolve, 300) })

  assert.throws(() => check.settle({ wallMs: 300, cpuMs: 290 }, true), /its process took \d+ ms/)
})

test('a claim that is far less than the process took is replaced, unless others were in it', linux, () => {
  const check = new CpuCheck(process.pid)
  burn(1200)

  assert.ok(check.settle({ wallMs: 1000, cpuMs: 5 }, true) >= 1150)
  assert.equal(check.settle({ wallMs: 1000, cpuMs: 5 }, false), 5)
  assert.deepEqual([check.exceeds(5), check.exceeds(400)], [true, false])
})

test('while a run goes on, what is claimed counts as far as its process took it, and what was seen where that is far more', linux, () => {
  const check = new CpuCheck(process.pid)
  burn(1200)
  check.look()

  const [honest, high, silent, shared] = [check.believe(600, true), check.believe(1e6, true), check.believe(5, true), check.believe(5, false)]

  assert.deepEqual([honest, high, silent, shared], [600, check.usedMs + 50, check.usedMs, 5])
})

test('a process that is gone took nothing, and of a short run nothing is asked', () => {
  assert.equal(new CpuCheck(2 ** 22 + 1).settle({ wallMs: 1, cpuMs: 1 }, true), 1)
})
