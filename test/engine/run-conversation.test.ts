import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { FromRunner, type LogLines } from '../../src/core/runner-messages.ts'
import type { RunSample } from '../../src/engine/run-watch.ts'
import { RunConversation } from '../../src/engine/run-conversation.ts'

const limits = { ...DEFAULT_LIMIT_POLICY.defaults, resultBytes: 1000, logBytes: 1000, logLines: 10 }
const usage = { wallMs: 1, cpuMs: 2, memoryBytes: 3, nativeCalls: 0 }
const ALONE = { shared: false, killedAtMb: undefined }
const failure = { code: 'USER_ERROR', name: 'Error', message: 'x', stack: '', observed: 0, record: 0 }

function startConversation (t: TestContext, { structured = false } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const cancel = new AbortController()
  const lines: LogLines = []
  const samples: RunSample[] = []
  let ended = 0
  const conversation = new RunConversation({
    task: { file: 'job.js', code: '', importName: null, sources: [], input: '', entry: 'default', context: '{}', limits, tools: [], hrtime: false, structured },
    hooks: { signal: cancel.signal, onLogs: (batch) => { lines.push(...batch) }, onProgress () {}, onSample: (sample) => { samples.push(sample) }, onCall () { throw new Error('Cannot call tool: there is none') } },
    pid: 0,
    threads: 1,
    kill () {},
    answer () {},
    send () {},
    uncount () {},
    stop () {},
    onEnd () { ended += 1 },
  })
  const say = (message: object, body = '') => {
    const parsed = FromRunner.parse({ token: conversation.token, ...message })
    assert.ok(parsed.type !== 'ready' && parsed.type !== 'beat')
    return conversation.take(parsed, Buffer.from(body))
  }
  return { conversation, say, cancel, lines, samples, ended: () => ended }
}

test('a run that is started, speaks and ends is answered with its result', async (t) => {
  const { conversation, say, lines, ended } = startConversation(t)

  say({ type: 'started' })
  say({ type: 'logs', droppedLines: 0, droppedBytes: 0 }, '[[1,"log","a"],[2,"warn","b"]]')
  say({ type: 'done', failure: null, usage, bootMs: 1 }, '{"a":1}')
  const answer = await conversation.answer

  assert.equal(answer.type === 'done' && answer.result, '{"a":1}')
  assert.deepEqual(lines, [[1, 'log', 'a'], [2, 'warn', 'b']])
  assert.equal(ended(), 1)
})

const REFUSED: [what: string, message: object, body?: string][] = [
  ['no token', { type: 'progress', token: undefined, value: 1, message: '' }],
  ['a token of another run', { type: 'progress', token: 'f'.repeat(32), value: 1, message: '' }],
  ['a second start', { type: 'started' }],
  ['an unknown type', { type: 'settle' }],
  ['a code of the host', { type: 'done', failure: { ...failure, code: 'WORKER_CRASHED' }, usage, bootMs: 1 }],
  ['a cancel that nobody asked for', { type: 'done', failure: { ...failure, code: 'CANCELLED' }, usage, bootMs: 1 }],
  ['a stop for a cancel that nobody asked for', { type: 'stopping', code: 'CANCELLED', observed: 0 }],
  ['usage that is no number', { type: 'done', failure: null, usage: { ...usage, wallMs: null }, bootMs: 1 }, '1'],
  ['usage below zero', { type: 'done', failure: null, usage: { ...usage, cpuMs: -1 }, bootMs: 1 }, '1'],
  ['usage as text', { type: 'done', failure: null, usage: { ...usage, memoryBytes: '1' }, bootMs: 1 }, '1'],
  ['usage beyond measure', { type: 'done', failure: null, usage: { ...usage, memoryBytes: Infinity }, bootMs: 1 }, '1'],
  ['an end without usage', { type: 'done', failure: null, bootMs: 1 }, '1'],
  ['a result that is not JSON', { type: 'done', failure: null, usage, bootMs: 1 }, '{"a":1'],
  ['two results', { type: 'done', failure: null, usage, bootMs: 1 }, '1 2'],
  ['an empty result', { type: 'done', failure: null, usage, bootMs: 1 }, ''],
  ['a result over the limit', { type: 'done', failure: null, usage, bootMs: 1 }, `"${'x'.repeat(999)}"`],
  ['a message over its length', { type: 'done', failure: { ...failure, message: 'x'.repeat(8193) }, usage, bootMs: 1 }],
  ['details over their length', { type: 'done', failure: { ...failure, details: `{"properties":{"a":"${'x'.repeat(20_000)}"}}` }, usage, bootMs: 1 }],
  ['details that are not JSON', { type: 'done', failure: { ...failure, details: '{' }, usage, bootMs: 1 }],
  ['details of another form', { type: 'done', failure: { ...failure, details: '{"cause":{"name":1,"message":""}}' }, usage, bootMs: 1 }],
  ['details with more in them', { type: 'done', failure: { ...failure, details: '{"code":"INTERNAL"}' }, usage, bootMs: 1 }],
  ['details that nest too deep', { type: 'done', failure: { ...failure, details: `{"properties":{"a":${'['.repeat(8000)}${']'.repeat(8000)}}}` }, usage, bootMs: 1 }],
  ['logs that are not JSON', { type: 'logs', droppedLines: 0, droppedBytes: 0 }, 'x'],
  ['logs that are no list', { type: 'logs', droppedLines: 0, droppedBytes: 0 }, '{"length":1}'],
  ['lines that are too short', { type: 'logs', droppedLines: 0, droppedBytes: 0 }, '[[1,"log"]]'],
  ['lines that are too long', { type: 'logs', droppedLines: 0, droppedBytes: 0 }, '[[1,"log","x",1]]'],
  ['a level that is none', { type: 'logs', droppedLines: 0, droppedBytes: 0 }, '[[1,"fatal","x"]]'],
  ['a negative count', { type: 'logs', droppedLines: -1, droppedBytes: 0 }, '[]'],
  ['more logs than the budget could make', { type: 'logs', droppedLines: 0, droppedBytes: 0 }, `[[1,"log","${'x'.repeat(5_000_000)}"]]`],
  ['use that is no number', { type: 'usage', cpuMs: '1', nativeCalls: 0 }],
  ['use below zero', { type: 'usage', cpuMs: 1, nativeCalls: -1 }],
  ['use of more calls than the run may make', { type: 'usage', cpuMs: 1, nativeCalls: 1001 }],
  ['progress that is no number', { type: 'progress', value: '1', message: '' }],
  ['progress that says too much', { type: 'progress', value: 1, message: 'x'.repeat(1025) }],
]

for (const [what, message, body] of REFUSED) {
  test(`a runner may not send ${what}`, (t) => {
    const { say, ended } = startConversation(t)
    say({ type: 'started' })

    assert.throws(() => say(message, body))
    assert.equal(ended(), 0)
  })
}

test('a result that is to be in structured form is refused in any other, however large it may be', async (t) => {
  for (const body of ['1', '{"a":1}', '{"structured":1,"value":[0],"objects":[]}', '{"structured":1,"value":1,"objects":[["Map",[1]]]}']) {
    const { say } = startConversation(t, { structured: true })
    t.mock.timers.reset()
    say({ type: 'started' })

    assert.throws(() => say({ type: 'done', failure: null, usage, bootMs: 1 }, body), /not in structured form/, body)
  }
  const { say, conversation } = startConversation(t, { structured: true })
  say({ type: 'started' })
  say({ type: 'done', failure: null, usage, bootMs: 1 }, '{"structured":1,"value":["undefined"],"objects":[]}')
  assert.equal((await conversation.answer).type, 'done')
})

test('before a run has started, nothing but its start may come', (t) => {
  const { say } = startConversation(t)

  for (const message of [{ type: 'done', failure: null, usage, bootMs: 1 }, { type: 'progress', value: 1, message: '' }, { type: 'stopping', code: 'TIMEOUT', observed: 1 }]) {
    assert.throws(() => say(message, '1'), /did not start/)
  }
})

test('however often a runner says what it took, it is looked at ten times a second, and nothing is taken back', (t) => {
  const { say, samples } = startConversation(t)
  say({ type: 'started' })

  for (let n = 0; n < 1000; n++) say({ type: 'usage', cpuMs: n, nativeCalls: n % 10 })
  say({ type: 'usage', cpuMs: 0, nativeCalls: 0 })
  assert.equal(samples.length, 0)
  for (let looks = 0; looks < 10; looks++) t.mock.timers.tick(100)

  assert.deepEqual(samples.map(({ nativeCalls }) => nativeCalls), Array.from({ length: 10 }, () => 9))
})

test('a cancel that was asked for may be reported', async (t) => {
  const { conversation, say, cancel } = startConversation(t)
  say({ type: 'started' })

  cancel.abort()
  say({ type: 'stopping', code: 'CANCELLED', observed: 0 })
  say({ type: 'done', failure: { ...failure, code: 'CANCELLED' }, usage, bootMs: 1 })

  assert.equal((await conversation.answer).type, 'done')
})

test('a death that nothing explains is a crash with its evidence', async (t) => {
  const { conversation } = startConversation(t)

  conversation.leave({ signal: 'SIGSEGV', exitCode: null, reason: 'The process ended by itself', stderrTail: 'words', byItself: true }, ALONE)
  const answer = await conversation.answer

  assert.deepEqual(answer.type === 'crashed' && answer.evidence, { signal: 'SIGSEGV', exitCode: null, reason: 'The process ended by itself', stderr: 'words', memoryCurve: [] })
})

test('a death after its time is the time\'s', async (t) => {
  const { conversation, say } = startConversation(t)
  say({ type: 'started' })

  t.mock.timers.tick(limits.timeoutMs + 500)
  conversation.leave({ signal: 'SIGKILL', exitCode: null, reason: 'killed', stderrTail: '', byItself: false }, ALONE)
  const answer = await conversation.answer

  assert.deepEqual([answer.type, answer.type === 'killed' && answer.code], ['killed', 'TIMEOUT'])
})

for (const [when, afterMs, killed] of [['is the memory\'s', 0, ['MEMORY_LIMIT', 900]], ['after its time is the time\'s', limits.timeoutMs + 500, ['TIMEOUT', limits.timeoutMs + 500]]] as const) {
  test(`a death that the kernel brought for its memory ${when}`, async (t) => {
    const { conversation, say } = startConversation(t)
    say({ type: 'started' })

    t.mock.timers.tick(afterMs)
    conversation.leave({ signal: 'SIGKILL', exitCode: null, reason: 'The process ended by itself', stderrTail: '', byItself: true }, { shared: false, killedAtMb: 900 })
    const answer = await conversation.answer

    assert.deepEqual(answer.type === 'killed' && [answer.code, answer.observed], killed)
  })
}

test('a death that the kernel brought while others were in the process is nobody\'s, and says what it was', async (t) => {
  const { conversation, say } = startConversation(t)
  say({ type: 'started' })

  conversation.leave({ signal: 'SIGKILL', exitCode: null, reason: 'The process ended by itself', stderrTail: '', byItself: true }, { shared: true, killedAtMb: 900 })
  const answer = await conversation.answer

  assert.deepEqual(answer.type === 'crashed' && [answer.shared, answer.evidence.reason], [true, 'The kernel ended the process, which held 900 MB'])
})

for (const [what, byItself, end] of [['by itself ends for the reason of the stop', true, 'killed'], ['because it did wrong is a crash', false, 'crashed']] as const) {
  test(`a runner that dies ${what} while its run is being stopped`, async (t) => {
    const { conversation, say } = startConversation(t)
    say({ type: 'started' })
    say({ type: 'stopping', code: 'TIMEOUT', observed: 1000 })

    conversation.leave({ signal: 'SIGTRAP', exitCode: null, reason: 'why', stderrTail: '', byItself }, ALONE)

    assert.equal((await conversation.answer).type, end)
  })
}
