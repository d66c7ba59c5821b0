import type { FailureCode } from '../../../src/core/failures.ts'
import { type AttackGroup, type End, isStoppedBy } from '../attack.ts'
import { type Deed, lie } from '../lies.ts'

const STARTED: Deed = { say: { type: 'started' } }
const USAGE = { wallMs: 1, cpuMs: 1, memoryBytes: 1, nativeCalls: 0 }
const FAILURE = { code: 'USER_ERROR', name: 'Error', message: 'm', stack: '', observed: 0, record: 0 }
const done = (body: string, more: object = {}): Deed => ({ say: { type: 'done', failure: null, usage: USAGE, bootMs: 1, ...more }, body })
const failed = (more: object): Deed => done('', { failure: { ...FAILURE, ...more } })
const logs = (body: string, more: object = {}) => ({ say: { type: 'logs', droppedLines: 0, droppedBytes: 0, ...more }, body })
const call = (more: object = {}, body = '{"text":"x"}') => ({ say: { type: 'call', call: 1, tool: 'echo', method: 'say', textBytes: Buffer.byteLength(body), ...more }, body })
const progress = (more: object = {}) => ({ say: { type: 'progress', value: 1, message: '', ...more } })

const use = (more: object = {}) => ({ say: { type: 'usage', cpuMs: 1, nativeCalls: 0, ...more } })

/** The runner was killed for it, with these words. */
const killed = (reason: RegExp): End => ({ crash: { signal: 'SIGKILL', reason } })
const answers = (result: unknown): End => ({ result })
/** A frame: four bytes of length, then the text, one byte for each character. */
const frame = (text: string, length = text.length): Deed => ({ write: String.fromCharCode(length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255) + text })

const HOST_CODES = ['WORKER_CRASHED', 'INTERNAL', 'EXPIRED', 'RATE_LIMITED', 'NOT_FOUND'] as const satisfies readonly FailureCode[]
const withEcho = { options: { tools: ['echo'] } }
const withChannel = { options: { tools: ['channel'] } }
const soon = { options: { limits: { timeoutMs: 200 } } }
const OUT_OF_TIME = isStoppedBy('TIMEOUT', 200)

/** A runner in the hands of an attacker, and what it says to its worker. The run is lost at worst; the worker and the other runs are not. */
export const takeover: AttackGroup = {
  name: 'takeover of the runner and lies over IPC',
  attacks: [
    lie('a token that it made up', [STARTED, { say: { type: 'progress', value: 1, message: '', token: 'f'.repeat(32) } }], killed(/it belongs to/)),
    lie('a result for a token that it made up', [STARTED, done('1', { token: '0'.repeat(32) })], killed(/it belongs to/)),
    lie('no token', [STARTED, progress({ token: null })], killed(/token/)),
    lie('a token of 300 kilobytes', [STARTED, { say: { type: 'started', token: 't'.repeat(300_000) } }], killed(/no header within/)),
    lie(
      'a second ready',
      [STARTED, { say: { type: 'ready', isolation: { process: false, permission: false, uid: 0, threads: 1 } } }],
      killed(/said it before/),
    ),
    lie('a start twice', [STARTED, STARTED], killed(/started before/)),
    lie('an end before the start', [done('1')], killed(/did not start/)),
    lie('logs before the start', [logs('[]')], killed(/did not start/)),
    ...['settle', 'stop', '__proto__'].map((type) => lie(`a message of the type "${type}"`, [STARTED, { say: { type } }], killed(/./))),
    ...['null', '"done"', '[]', '{"type":["done"]}'].map((header) => lie(`a header that is ${header}`, [STARTED, frame(`${header}\n`)], killed(/./))),
    lie(
      'members that nobody knows, __proto__ among them',
      [STARTED, { say: JSON.parse('{"type":"progress","value":1,"message":"m","__proto__":{"type":"done"},"outcome":"forged","isolation":{"uid":0}}') as object }, done('1')],
      answers(1),
    ),
    ...HOST_CODES.map((code) => lie(`the code ${code}`, [STARTED, failed({ code })], killed(/code/))),
    lie('a cancel that nobody asked for', [STARTED, failed({ code: 'CANCELLED' })], killed(/nobody cancelled/)),
    lie(
      'the announcement of a cancel that nobody asked for',
      [STARTED, { say: { type: 'stopping', code: 'CANCELLED', observed: 0 } }],
      killed(/nobody cancelled/),
    ),
    lie('a name over its length', [STARTED, failed({ name: 'n'.repeat(257) })], killed(/name/)),
    lie('a message over its length', [STARTED, failed({ message: 'm'.repeat(8193) })], killed(/message/)),
    lie('a stack over its length', [STARTED, failed({ stack: 's'.repeat(16_385) })], killed(/stack/)),
    lie(
      'a stack with files of the host',
      [STARTED, failed({ stack: 'Error: m\n    at readFileSync (node:fs:1:1)\n    at f (job.js:3:4)\n    at /root/.ssh/id_rsa:1:1' })],
      { codes: ['USER_ERROR'], name: 'Error', message: 'm', stack: 'Error: m\n    at f (job.js:3:4)' },
    ),
    ...(['wallMs', 'cpuMs', 'memoryBytes', 'nativeCalls'] as const).flatMap((figure) => [null, -1].map((value) => lie(`${figure} of ${JSON.stringify(value)}`, [STARTED, done('1', { usage: { ...USAGE, [figure]: value } })], killed(new RegExp(figure))))),
    lie(
      'more calls of natives than the run may make',
      [STARTED, done('1', { usage: { ...USAGE, nativeCalls: 1001 } })],
      killed(/claims 1001 calls of natives, allowed are 1000/),
    ),
    lie('use of more calls of natives than the run may make', [STARTED, use({ nativeCalls: 1001 })], killed(/"usage": it claims 1001 calls/)),
    lie('use before the start', [use()], killed(/did not start/)),
    ...[null, -1, 'x', 1e300].map((cpuMs) => lie(`use of ${cpuMs} ms`, [STARTED, use({ cpuMs })], killed(/cpuMs/))),
    lie('a flood of what it used', [STARTED, { ...use(), times: 20_000 }], killed(/came in a second/)),
    lie('use with an event inside', [STARTED, use({ event: 'job.succeeded', payload: { run: 7 } }), done('1')], answers(1)),
    lie('more time than has passed', [STARTED, done('1', { usage: { ...USAGE, wallMs: 600_000 } })], killed(/it claims 600000 ms/)),
    lie('more processor time than there was', [STARTED, done('1', { usage: { ...USAGE, cpuMs: 1e9 } })], killed(/of processor time/)),
    lie(
      'a figure that no number holds',
      [STARTED, frame('{"type":"done","failure":null,"usage":{"wallMs":1e999,"cpuMs":1,"memoryBytes":1,"nativeCalls":0},"bootMs":1,"token":"x"}\n1')],
      killed(/./),
    ),
    lie('an end without figures', [STARTED, { say: { type: 'done', failure: null }, body: '1' }], killed(/usage/)),
    ...['{"a":1', '1 2', '', 'NaN'].map((text) => lie(`a result of ${JSON.stringify(text)}`, [STARTED, done(text)], killed(/not JSON/))),
    lie(
      'a result that is 100,000 levels deep',
      [STARTED, done(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
      killed(/not JSON|allowed/),
      { options: { limits: { resultBytes: 100_000 } } },
    ),
    lie(
      'a result of one byte too many',
      [STARTED, done(`"${'x'.repeat(999)}"`)],
      killed(/1001 bytes, allowed are 1000/),
      { options: { limits: { resultBytes: 1000 } } },
    ),
    lie('a result that just fits', [STARTED, done(`"${'x'.repeat(998)}"`)], answers('x'.repeat(998)), { options: { limits: { resultBytes: 1000 } } }),
    lie('a result with __proto__', [STARTED, done('{"__proto__":{"polluted":1}}')], answers(JSON.parse('{"__proto__":{"polluted":1}}'))),
    ...['x', '{"length":1}', '[[1,"log","x",1]]', '[[1,"fatal","x"]]', '[[1e999,"log","x"]]', '[[1,"log",{"length":1}]]', `[${'{},'.repeat(300_000)}{}]`].map((lines) => lie(`logs of ${lines.slice(0, 30)}`, [STARTED, logs(lines)], killed(/list of lines|JSON/))),
    lie(
      'lines that are over the budget, which is kept all the same',
      [STARTED, logs(`[${'[1,"log","x"],'.repeat(4999)}[1,"log","x"]]`), done('1')],
      answers(1),
      { options: { limits: { logLines: 10 } }, logs: Array.from({ length: 10 }, () => 'x') },
    ),
    lie('a number of lines left out that is none', [STARTED, logs('[]', { droppedLines: -1 })], killed(/droppedLines/)),
    lie('more lines left out than can be counted', [STARTED, logs('[]', { droppedBytes: 1e300 })], killed(/droppedBytes/)),
    lie(
      'logs by the megabyte',
      [STARTED, { ...logs(`[[1,"log","${'x'.repeat(900_000)}"]]`), times: 100 }],
      killed(/more than the run may keep|no sign of life/), // the second on a busy machine: beats wait behind the flood
      { options: { limits: { logBytes: 0, logLines: 0 } } },
    ),
    lie('progress of null', [STARTED, progress({ value: null })], killed(/value/)),
    lie('progress that says too much', [STARTED, progress({ message: 'x'.repeat(1025) })], killed(/message/)),
    lie('progress 10,000 times', [STARTED, { ...progress(), times: 10_000 }], killed(/more than \d+ came in a second/)),
    lie('a call of a tool that was not granted', [STARTED, call()], killed(/was not granted it/)),
    lie('a call of a tool that there is not', [STARTED, call({ tool: 'constructor' })], killed(/was not granted it/), withEcho),
    lie('a call of what every object has', [STARTED, call({ tool: '__proto__', method: 'toString' })], killed(/was not granted it/), withEcho),
    lie(
      'a call of methods that every object has',
      [STARTED, ...['__proto__', 'constructor', 'toString', 'run', 'setup'].map((method, n) => call({ method, call: n + 1 })), done('1')],
      answers(1),
      withEcho,
    ),
    lie('arguments that are not JSON', [STARTED, call({}, '{"text":'), call({ call: 1 }, ''), done('1')], answers(1), withEcho),
    lie(
      'arguments that the schema does not know',
      [STARTED, call({}, '{"text":"x","__proto__":{"admin":true}}'), call({}, '{"text":{"length":1}}'), call({}, '[]'), call({}, 'null'), done('1')],
      answers(1),
      withEcho,
    ),
    lie('arguments over their length', [STARTED, { ...call({ textBytes: 1_048_577 }, 'x'), bodyTimes: 1_048_577 }], killed(/allowed are 1048576/), withEcho),
    ...[0, 1.5, '1'].map((number) => lie(`a call with the number ${JSON.stringify(number)}`, [STARTED, call({ call: number })], killed(/call/), withEcho)),
    lie(
      'more calls than the run may make',
      [STARTED, { ...call(), times: 5 }],
      killed(/made 3 calls, its limit|3 calls wait/),
      { options: { tools: ['echo'], limits: { toolCalls: 3 } } },
    ),
    lie('two calls that wait for messages at one time', [STARTED, { ...call({ tool: 'channel', method: 'next' }, 'null'), times: 2 }], killed(/waits for its answer already/), withChannel),
    lie('a call that waits for messages, and fails, again and again', [STARTED, { ...call({ tool: 'channel', method: 'next' }, '{}'), times: 2 }], killed(/waits for its answer already/), withChannel),
    lie(
      'messages that are no JSON, topics that are no text, and a state that nests without an end',
      [
        STARTED, call({ tool: 'channel', method: 'emit' }, '{"topic":"x","data":"{"}'), call({ tool: 'channel', method: 'emit', call: 2 }, '{"topic":{},"data":"1"}'), call({ tool: 'channel', method: 'listen', call: 3 }, '{"topic":"\\ud800"}'),
        call({ tool: 'checkpoint', method: 'save', call: 4 }, `${'['.repeat(100_000)}${']'.repeat(100_000)}`), done('1'),
      ],
      answers(1),
      withChannel,
    ),
    lie('another tool\'s name of 257 characters', [STARTED, call({ tool: 't'.repeat(257) })], killed(/tool/), withEcho),
    lie('garbage', [STARTED, { write: '\0\0\0\x05nope\n' }], killed(/header is not JSON/)),
    lie('garbage without a length', [STARTED, { write: '{"type":"done"}\n' }], killed(/its length is/)),
    lie('a length of 4 GB', [STARTED, { write: '\xff\xff\xff\xf0' }, { write: 'x'.repeat(65_536), times: 50 }], killed(/its length is 4294967280/)),
    lie('a length of 0', [STARTED, { write: '\0\0\0\0' }], killed(/its length is 0/)),
    lie('a frame without a header', [STARTED, frame('x'.repeat(100_000))], killed(/header/)),
    lie('a header over its length', [STARTED, progress({ message: 'x'.repeat(300_000) })], killed(/no header within/)),
    lie('a body over its length', [STARTED, { ...logs('x'), bodyTimes: 6_000_000 }], killed(/its length is/)),
    lie('a header that is 60,000 levels deep', [STARTED, frame(`${'['.repeat(60_000)}\n`)], killed(/header is not JSON/)),
    lie('half a frame, and then silence', [STARTED, { write: '\0\0\x01\0{"type":"done"' }], OUT_OF_TIME, soon),
    lie('silence', [STARTED], OUT_OF_TIME, soon),
    lie('a process that stops itself', [STARTED, { kill: 'SIGSTOP' }], OUT_OF_TIME, soon),
    lie(
      'a stop that it announces and does not make',
      [STARTED, { say: { type: 'stopping', code: 'CPU_LIMIT', observed: 5 } }],
      { codes: ['CPU_LIMIT'], name: 'CpuLimitError', message: 'CPU time limit reached', limit: { name: 'cpuMs', configured: 10_000 } },
    ),
    lie('a closed pipe', [STARTED, { close: true }], killed(/closed it|broke|ended by itself/)), // it may go before that is noticed
    lie('an exit', [STARTED, { exit: 0 }], { crash: { signal: null, reason: /ended by itself/ } }),
    lie(
      'an abort with words',
      [STARTED, { stderr: 'words' }, { kill: 'SIGABRT' }],
      { crash: { signal: 'SIGABRT', reason: /ended by itself/, stderr: /^words$/ } },
    ),
    lie('a crash of native code', [STARTED, { kill: 'SIGSEGV' }], { crash: { signal: 'SIGSEGV', reason: /ended by itself/ } }),
    lie('two megabytes on stderr', [STARTED, { stderr: 'noise '.repeat(10_000), times: 40 }], killed(/stderr/)),
    lie(
      'words that keep an expression busy',
      [STARTED, { stderr: `${'-'.repeat(4000)}x` }, { kill: 'SIGABRT' }],
      { crash: { signal: 'SIGABRT', reason: /ended by itself/, stderr: /^-{999}/ } },
    ),
    lie(
      'words with the paths of its machine',
      [STARTED, { stderr: 'at /srv/batchbox/node_modules/bin/node 0x7f12aa00 (file:///srv/x/main.ts:1:2)' }, { kill: 'SIGABRT' }],
      { crash: { signal: 'SIGABRT', reason: /ended by itself/, stderr: /^at node 0x… \(main\.ts:1:2\)$/ } },
    ),
    lie('a request for records of a run that has none', [STARTED, { say: { type: 'pull' } }], killed(/"pull": the run has no records/)),
    lie('records made of none', [STARTED, { say: { type: 'output', taken: 1, count: 0, textBytes: 0, rejectsBytes: 0 } }], killed(/"output": the run has no records/)),
    ...[-1, 1.5, '1', null].map((taken) => lie(`${JSON.stringify(taken)} records taken`, [STARTED, { say: { type: 'output', taken, count: 0, textBytes: 0, rejectsBytes: 0 } }], killed(/taken/))),
    lie('the token of the run before', [STARTED, { sayAsBefore: { type: 'started' } }], killed(/belongs to|token/)),
  ],
}

/** What a runner says when its run is over already: the end that was told first stands, and the runner is dead soon after. */
export const afterTheEnd: AttackGroup = {
  name: 'a runner that speaks after the end of its run',
  attacks: [
    lie('an end twice, the second one another', [STARTED, done('"first"'), done('"second"')], answers('first')),
    lie('an end, and then its opposite', [STARTED, failed({ message: 'no' }), done('1')], { codes: ['USER_ERROR'], name: 'Error', message: 'no' }),
    lie('logs after the end', [STARTED, done('1'), logs('[[1,"log","late"]]')], answers(1), { logs: [] }),
    lie('a call of a tool after the end', [STARTED, done('1'), call()], answers(1), withEcho),
    lie('progress after the end', [STARTED, done('1'), progress()], answers(1)),
    lie('a stop after the end', [STARTED, done('1'), { say: { type: 'stopping', code: 'TIMEOUT', observed: 1 } }], answers(1)),
    lie('a start after the end', [STARTED, done('1'), STARTED], answers(1)),
    lie('garbage after the end', [STARTED, done('1'), { write: '\0\0\0\x05nope\n' }], answers(1)),
  ],
}
