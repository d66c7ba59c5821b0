import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { test, type TestContext } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import type { RunnerAnswer, RunnerHooks, RunnerTask } from '../../src/engine/run-conversation.ts'
import { RunnerProcess } from '../../src/engine/runner-process.ts'
import { fakeImage } from '../helpers/fake-image.ts'

const FAKE = fileURLToPath(new URL('fixtures/fake-runner.ts', import.meta.url))
const limits = { ...DEFAULT_LIMIT_POLICY.defaults, timeoutMs: 5000, resultBytes: 1000 }

/** So many that no busy machine makes a runner look dead that is killed for something else. */
const PATIENT_BEATS = 60

async function startRunner (t: TestContext, boot = 'fair'): Promise<RunnerProcess> {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: fakeImage(boot), file: FAKE, missedBeats: PATIENT_BEATS })
  t.after(async () => {
    runner.kill('The test is over')
    await runner.exited
  })
  if (boot.startsWith('fair')) await runner.ready
  return runner
}

function play (runner: RunnerProcess, mode: string, { hooks = {}, task = {} }: { hooks?: Partial<RunnerHooks>, task?: Partial<RunnerTask> } = {}): Promise<RunnerAnswer> {
  return runner.run({ file: 'job.js', code: mode, importName: null, sources: [], input: '"in"', entry: 'default', context: '{}', limits, tools: [], hrtime: false, ...task }, {
    signal: new AbortController().signal, onLogs () {}, onProgress () {}, onCall () { throw new Error('Cannot call tool: there is none') }, ...hooks,
  })
}

test('a fair runner takes one run after another', async (t) => {
  const runner = await startRunner(t)
  const lines: unknown[] = []

  const first = await play(runner, 'fair', { hooks: { onLogs: (batch) => { lines.push(...batch) } } })
  const second = await play(runner, 'fair')

  assert.deepEqual([first.type === 'done' && first.result, second.type], ['"in"', 'done'])
  assert.deepEqual(lines, [[1, 'log', 'line']])
})

/** Of all these the runner dies, and the run that it had ends as crashed; the reason says what it did. */
const CRIMES: [mode: string, reason: RegExp][] = [
  ['a wrong token', /belongs to no run/],
  ['a call of a tool', /there is none/],
  ['a call before started', /the run did not start/],
  ['a call with another token', /belongs to no run/],
  ['another ready', /said it before/],
  ['done before started', /did not start/],
  ['an unknown type', /./],
  ['a cancel nobody asked for', /nobody cancelled/],
  ['NaN usage', /wallMs/],
  ['more time than has passed', /it claims 60000 ms/],
  ['more processor time than it took', /its process took \d+ ms/],
  ['a result that is not JSON', /not JSON/],
  ['a result over the limit', /2002 bytes, allowed are 1000/],
  ['a flood of bad lines', /list of lines/],
  ['an oversize header', /no header within/],
  ['an oversize body', /its length is/],
  ['headers by the megabyte', /long headers/],
  ['a million lines of nothing', /more lines than the run may keep/],
  ['raw garbage', /header is not JSON/],
  ['a closed pipe', /closed it/],
]

test('whatever a runner does that does not fit kills that runner alone, and its run ends as crashed with the evidence', async (t) => {
  const neighbour = await startRunner(t)
  const lanes = [CRIMES.filter((_, i) => i % 2 === 0), CRIMES.filter((_, i) => i % 2 === 1)] // two at a time

  await Promise.all(lanes.map(async (crimes) => {
    for (const [mode, reason] of crimes) {
      const answer = await play(await startRunner(t), mode)
      assert.equal(answer.type, 'crashed', `${mode}: ${JSON.stringify(answer)}`)
      assert.match(answer.evidence.reason, reason, mode)
      assert.ok(answer.evidence.reason.length <= 500)
      assert.equal(answer.evidence.signal, 'SIGKILL', mode)
    }
  }))

  assert.equal((await play(neighbour, 'fair')).type, 'done')
})

test('endless logs end their runner, and hold up neither its neighbour nor us', async (t) => {
  const [neighbour, runner] = await Promise.all([startRunner(t), startRunner(t)])
  const before = process.memoryUsage.rss()
  const flood = play(runner, 'endless logs', { task: { limits: { ...limits, logBytes: 0, timeoutMs: 1000 } } })
  let over = false
  flood.finally(() => { over = true }).catch(() => {})
  let answered = 0

  for (; !over; answered += 1) assert.equal((await play(neighbour, 'fair')).type, 'done')

  assert.notEqual((await flood).type, 'done')
  assert.ok(answered > 3, `${answered} runs of the neighbour`)
  assert.ok(process.memoryUsage.rss() - before < 300_000_000)
})

for (const mode of ['done twice', 'logs after done']) {
  test(`a runner that sends ${mode} is killed, and the run that it ended first stands`, async (t) => {
    const runner = await startRunner(t)

    const answer = await play(runner, mode)
    const { reason } = await runner.exited

    assert.equal(answer.type === 'done' && answer.result, '1')
    assert.match(reason, /belongs to no run/)
  })
}

test('a frame for the run before is a crime', async (t) => {
  const runner = await startRunner(t)
  await play(runner, 'fair')

  const answer = await play(runner, 'the token of the run before')

  assert.match(answer.type === 'crashed' ? answer.evidence.reason : '', /belongs to no run/)
})

test('a runner that dies by itself leaves its words, its signal or its code as evidence', async (t) => {
  const [aborted, exited] = await Promise.all([play(await startRunner(t), 'words, then death'), play(await startRunner(t), 'an exit')])

  assert.deepEqual([aborted.type, exited.type], ['crashed', 'crashed'])
  if (aborted.type === 'crashed') assert.partialDeepStrictEqual(aborted.evidence, { signal: 'SIGABRT', exitCode: null, reason: 'The process ended by itself', stderr: 'it hurts here' })
  if (exited.type === 'crashed') assert.deepEqual([exited.evidence.signal, exited.evidence.exitCode], [null, 3])
})

test('a runner that does not end its run in time is killed, and the limit is to blame', async (t) => {
  const runner = await startRunner(t)

  const answer = await play(runner, 'never ends', { task: { limits: { ...limits, timeoutMs: 100 } } })

  assert.deepEqual([answer.type, answer.type === 'killed' && answer.code], ['killed', 'TIMEOUT'])
  assert.ok(answer.endedAt - answer.startedAt >= 590)
})

test('a runner that is busy beyond the processor time of its run, and says nothing, is killed for it', async (t) => {
  const runner = await startRunner(t)

  const answer = await play(runner, 'busy without a word', { task: { limits: { ...limits, cpuMs: 10, timeoutMs: 20_000 } } })

  assert.deepEqual([answer.type, answer.type === 'killed' && answer.code], ['killed', 'CPU_LIMIT'])
})

test('a runner that does not stop when its run is cancelled is killed', async (t) => {
  const runner = await startRunner(t)
  const cancel = new AbortController()

  const playing = play(runner, 'never ends', { hooks: { signal: cancel.signal } })
  cancel.abort()
  const answer = await playing

  assert.deepEqual([answer.type, answer.type === 'killed' && answer.code], ['killed', 'CANCELLED'])
})

test('a result may take the whole limit; a longer text is not parsed', async (t) => {
  const runner = await startRunner(t)
  const input = 'x'.repeat(100_000) // no JSON, and too long to be put into an answer

  const answer = await play(runner, 'the input as the result', { task: { input, limits: { ...limits, resultBytes: 100_000 } } })

  assert.equal(answer.type === 'done' && answer.result.length, 100_000)
})

test('an error thrown while logs are kept kills the runner and is no error of ours', async (t) => {
  const runner = await startRunner(t)

  const answer = await play(runner, 'fair', { hooks: { onLogs: () => Promise.reject(new Error('Cannot keep logs')) } })

  assert.match(answer.type === 'crashed' ? answer.evidence.reason : '', /Cannot keep logs/)
})

for (const [boot, reason] of [['ready twice', /said it before/], ['done before ready', /belongs to no run/], ['ready without isolation', /isolation/], ['a beat before ready', /not ready/], ['a beat of a thread that there is not', /no thread 1/], ['dies', /ended by itself/]] as const) {
  test(`a runner that does "${boot}" at its start is dead before it serves or soon after`, async (t) => {
    const runner = await startRunner(t, boot)

    assert.match((await runner.exited).reason, reason)
    const answer = await play(runner, 'fair') // as when it died between being lent and now
    assert.equal(answer.type, 'crashed')
  })
}

test('a runner that is not ready in time is killed, and whoever waits hears why', async (t) => {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 300, guest: fakeImage('silent'), file: FAKE })
  t.after(() => runner.kill('The test is over'))

  await assert.rejects(runner.ready, /not ready within 300 ms/)
  assert.equal((await runner.exited).signal, 'SIGKILL')
})

test('a runner that hangs while it starts is killed long before its time is over', { skip: !existsSync('/proc/self/schedstat') && 'needs schedstat in /proc' }, async (t) => {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 60_000, guest: fakeImage('silent'), file: FAKE })
  t.after(() => runner.kill('The test is over'))

  await assert.rejects(runner.ready, /hung while it started: nothing in it moved for 3 s/)
  assert.equal(runner.end, 'boot')
})

for (const mode of ['never ends', 'idle']) {
  test(`a runner whose thread gives no sign of life is killed: ${mode}`, async (t) => {
    const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: fakeImage('ready without a beat'), file: FAKE, missedBeats: 1 })
    t.after(() => runner.kill('The test is over'))
    await runner.ready

    const answer = mode === 'idle' ? undefined : await play(runner, mode)

    assert.match((await runner.exited).reason, /no sign of life for 1 s/)
    if (answer) assert.match(answer.type === 'crashed' && answer.started ? answer.evidence.reason : '', /no sign of life/)
  })
}

test('a runner that is not listened to may be silent', async (t) => {
  const runner = new RunnerProcess({ threads: 1, memoryMb: 64, bootTimeoutMs: 30_000, guest: fakeImage('ready without a beat'), file: FAKE, missedBeats: 1 })
  t.after(() => runner.kill('The test is over'))
  await runner.ready

  const answer = await play(runner, 'fair', { hooks: { onLogs: () => new Promise((resolve) => { setTimeout(resolve, 2500) }) } })

  assert.equal(answer.type, 'done')
})

test('a busy runner takes no second run', async (t) => {
  const runner = await startRunner(t)
  const first = play(runner, 'fair, slowly')

  assert.throws(() => { void play(runner, 'fair') }, TypeError)
  assert.equal((await first).type, 'done')
})

test('a run may log before and after each call that it may make', async (t) => {
  const runner = await startRunner(t)
  const task = { limits: { ...limits, toolCalls: 2000 }, tools: [{ name: 'db', native: false, interfaces: null, config: '{}' }] }

  const answer = await play(runner, 'logs around each call', { task, hooks: { onCall: () => Promise.resolve({ text: '1', bytes: Buffer.alloc(0), failure: null }) } })

  assert.equal(answer.type, 'done', JSON.stringify(answer))
})

for (const [boot, reason] of [['fair, and busy', /works, and no run/], ['fair, and hungry', /grows, and no run/]] as const) {
  test(`a runner without a run that is ${boot} is killed`, async (t) => {
    const runner = await startRunner(t, boot)

    const exit = await runner.exited

    assert.match(exit.reason, reason)
    assert.equal(exit.signal, 'SIGKILL')
  })
}
