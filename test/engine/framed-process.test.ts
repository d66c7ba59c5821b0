import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import type { Frame } from '../../src/core/frames.ts'
import { type FramedProcessOptions, spawnFramed } from '../../src/engine/framed-process.ts'
import { INHERITED } from '../helpers/inherited.ts'

const CHILD = new URL('fixtures/framed-child.ts', import.meta.url).pathname
const MB = 1_048_576

function startChild (t: TestContext, mode: string, options: Partial<FramedProcessOptions> = {}) {
  const frames: Frame[] = []
  const child = spawnFramed({
    file: CHILD,
    execArgv: [],
    env: { MODE: mode, NODE_COMPILE_CACHE: INHERITED.NODE_COMPILE_CACHE },
    maxFrameBytes: 8 * MB,
    maxHeaderBytes: 65_536,
    maxFramesPerSecond: 1000,
    maxBytesPerSecond: 16 * MB,
    maxStderrBytes: 65_536,
    maxUnsentBytes: 16 * MB,
    onFrame (frame) { frames.push(frame) },
    ...options,
  })
  t.after(async () => {
    child.kill('The test is over')
    await child.exited
  })
  return { child, frames }
}

/** Starts a child in echo mode whose frames can be awaited one by one. */
async function startEcho (t: TestContext, options: Partial<FramedProcessOptions> = {}) {
  const waiting: ((frame: Frame) => void)[] = []
  const next = () => new Promise<Frame>((resolve) => { waiting.push(resolve) })
  const ready = next()
  const { child } = startChild(t, 'echo', { onFrame (frame) { waiting.shift()?.(frame) }, ...options })
  return { child, next, ready: await ready }
}

const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')) // a zombie only waits to be collected
  } catch {
    return false
  }
}

async function waitUntilDead (pid: number): Promise<void> {
  const deadline = Date.now() + 5000
  while (isAlive(pid)) {
    assert.ok(Date.now() < deadline, `process ${pid} lives on`)
    await new Promise((resolve) => { setTimeout(resolve, 10) })
  }
}

test('a child gets exactly the environment given, and frames go both ways', async (t) => {
  const { child, next, ready } = await startEcho(t)

  const answer = next()
  child.send({ hello: 'wörld' }, Buffer.from('body'))
  const { header, body } = await answer

  assert.deepEqual(ready.header, { type: 'ready', env: ['MODE', 'NODE_COMPILE_CACHE'] })
  assert.deepEqual(header, { echo: { hello: 'wörld' } })
  assert.equal(body.toString(), 'body')
})

const ATTACKS: [mode: string, reason: RegExp][] = [
  ['garbage', /header/],
  ['hugeLength', /its length is 4294967280/],
  ['zeroLength', /its length is 0/],
  ['endlessBytes', /its length is 2021161080/],
  ['longHeader', /no header within/],
  ['frameFlood', /more than 1000 came in a second/],
  ['byteFlood', /bytes came in a second/],
  ['stderrFlood', /stderr/],
  ['closes', /closed it/],
]

for (const [mode, reason] of ATTACKS) {
  test(`a child that does "${mode}" is killed while its neighbour goes on and memory stays bounded`, async (t) => {
    const neighbour = await startEcho(t)
    const before = process.memoryUsage.rss()
    let peak = before
    const { child } = startChild(t, mode)
    const watch = setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()) }, 20)
    t.after(() => clearInterval(watch))

    const exit = await child.exited
    const answer = neighbour.next()
    neighbour.child.send({ still: 'here' })

    assert.equal(exit.signal, 'SIGKILL')
    assert.match(exit.reason, reason)
    assert.deepEqual((await answer).header, { echo: { still: 'here' } })
    assert.ok(peak - before < 150 * MB, `grew by ${Math.round((peak - before) / MB)} MB`)
  })
}

test('a child that sends a deeply nested header is killed', async (t) => {
  const first = Promise.withResolvers<Frame>()
  const { child } = startChild(t, 'deepNesting', { onFrame: first.resolve })

  const { reason } = await child.exited

  assert.match(reason, /header is not JSON/)
})

test('a throw or a rejection of onFrame kills the child and nothing else', async (t) => {
  const thrown = startChild(t, 'echo', { onFrame () { throw new Error('Cannot read header') } })
  const rejected = startChild(t, 'echo', { onFrame: () => Promise.reject(new Error('Cannot read header')) })

  const exits = await Promise.all([thrown.child.exited, rejected.child.exited])

  assert.deepEqual(exits.map(({ reason }) => reason), ['Cannot read header', 'Cannot read header'])
})

test('nothing is read while onFrame is pending, and order is kept', async (t) => {
  const order: string[] = []
  const done = Promise.withResolvers<void>()
  const { child } = startChild(t, 'echo', {
    async onFrame ({ header }) {
      order.push('begin')
      await new Promise(setImmediate)
      order.push('end')
      if (JSON.stringify(header).includes('last')) done.resolve()
    },
  })

  for (let n = 0; n < 20; n++) child.send({ n })
  child.send({ last: true })
  await done.promise

  assert.deepEqual(order, Array.from({ length: 22 }, () => ['begin', 'end']).flat())
})

test('a paused child delivers nothing until it is resumed', async (t) => {
  const { child, next } = await startEcho(t)
  let delivered = false

  child.pause()
  const answer = (async () => {
    await next()
    delivered = true
  })()
  child.send({ n: 1 })
  await startEcho(t) // long enough for the answer to have come
  assert.equal(delivered, false)
  child.resume()
  await answer

  assert.equal(delivered, true)
})

test('a child that does not read is killed when more than the bound waits for it', async (t) => {
  const ready = Promise.withResolvers<Frame>()
  const { child } = startChild(t, 'deaf', { maxUnsentBytes: MB, onFrame: ready.resolve })
  await ready.promise

  while (child.send({ type: 'input' }, Buffer.alloc(100_000))) { /* until refused */ }
  const exit = await child.exited

  assert.match(exit.reason, /wait to be read/)
  assert.equal(child.send({}), false)
})

test('frames and stderr written just before an exit are delivered, and the exit tells code and reason', async (t) => {
  const { child, frames } = startChild(t, 'words')

  const exit = await child.exited

  assert.deepEqual(frames.map(({ header }) => header), [{ type: 'last words' }])
  assert.deepEqual(exit, { signal: null, exitCode: 7, reason: 'The process ended by itself', stderrTail: 'it hurts', byItself: true })
})

test('a child that exits without a word is reported once', async (t) => {
  let exits = 0
  const { child } = startChild(t, 'silent', { onExit () { exits += 1 } })

  const exit = await child.exited
  child.kill('Too late')

  assert.equal(exit.exitCode, 0)
  assert.equal(exits, 1)
})

test('the stderr kept is its last 4 KB', async (t) => {
  const { child } = startChild(t, 'stderrFlood')

  const { stderrTail } = await child.exited

  assert.ok(stderrTail.length <= 4096)
  assert.match(stderrTail, /noise /)
})

test('a larger frame is refused or taken as the bound is changed', async (t) => {
  const { child, next } = await startEcho(t, { maxFrameBytes: 1000 })

  child.setMaxFrameBytes(2 * MB)
  const answer = next()
  child.send({}, Buffer.alloc(MB))
  assert.equal((await answer).body.length, MB)
  child.setMaxFrameBytes(1000)
  child.send({}, Buffer.alloc(2000))

  assert.match((await child.exited).reason, /allowed are 1 to 1000/)
})

test('a process group dies with its head', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const first = Promise.withResolvers<Frame>()
  const { child } = startChild(t, 'group', { ownGroup: true, onFrame: first.resolve })
  const { pid } = (await first.promise).header as { pid: number } // written by the fixture

  child.kill('Enough')
  await child.exited

  await waitUntilDead(pid)
})

test('a child does not outlive a parent that was killed', { skip: process.platform !== 'linux' && 'reads /proc' }, async (t) => {
  const script = `
    import { spawnFramed } from ${JSON.stringify(new URL('../../src/engine/framed-process.ts', import.meta.url).href)}
    spawnFramed({ file: ${JSON.stringify(CHILD)}, execArgv: [], env: { MODE: 'orphan' }, maxFrameBytes: 1000, maxHeaderBytes: 1000,
      maxFramesPerSecond: 10, maxBytesPerSecond: 1000, maxStderrBytes: 1000, maxUnsentBytes: 1000,
      onFrame ({ header }) { console.log(header.pid) } })`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => parent.kill('SIGKILL'))
  const [line] = await once(parent.stdout, 'data') as [Buffer] // a stream without an encoding
  const pid = Number(line.toString())
  assert.ok(isAlive(pid))

  parent.kill('SIGKILL')

  await waitUntilDead(pid)
})
