import type { AttackGroup, End } from '../attack.ts'
import { type Deed, lie } from '../lies.ts'

const STARTED: Deed = { say: { type: 'started' } }
const killed = (reason: RegExp): End => ({ crash: { signal: 'SIGKILL', reason } })

/** Calls of one tool, numbered from 1; `body` is text and, after it, bytes. */
const calls = (tool: string, all: readonly [method: string, args: unknown, more?: object | undefined][]): Deed[] => all.map(([method, args, more], at) => {
  const body = typeof args === 'string' ? args : JSON.stringify(args)
  return { say: { type: 'call', call: at + 1, tool, method, textBytes: Buffer.byteLength(body), ...more }, body }
})

/** Makes the calls, and has for a result what they were answered. */
const ask = (name: string, tool: string, all: readonly [method: string, args: unknown, answer: string, more?: object][], options: object = {}) => lie(
  name,
  [STARTED, { hear: all.length }, ...calls(tool, all.map(([method, args, , more]) => [method, args, more]))],
  { result: all.map(([, , answer], at) => `${at + 1} ${answer}`).sort() },
  { options: { tools: [tool], ...options } },
)

const open = (more: object = {}) => ({ id: 1, method: 'GET', url: 'http://127.0.0.1:1/', headers: [], redirect: 'follow', body: 'none', length: null, ...more })
const notNamed = 'the job does not name it among its secrets'
const refused = (words: string) => `TOOL_ERROR: Cannot call fetch.open: ${words}`
const CONTROL = refused('headers[0][1]: The value of a header has a control character')

/** A runner in the hands of an attacker, asking tools for what its run was not given. What it is answered is all that it gets. */
export const takeoverOfTools: AttackGroup = {
  name: 'takeover of the runner, and tools asked for what is another\'s',
  attacks: [
    ask('secrets that the job does not name, whatever it says of itself', 'secrets', [
      ['get', { name: 'TOKEN' }, '"[secret TOKEN]"'],
      ['get', { name: 'OTHER' }, `PERMISSION_DENIED: Cannot get secret "OTHER": ${notNamed}`],
      ['get', { name: 'OTHER', secrets: ['OTHER'] }, 'TOOL_ERROR: Cannot call secrets.get: Unrecognized key: "secrets"'],
      ['get', { name: 'TOKEN', tenant: 'other' }, 'TOOL_ERROR: Cannot call secrets.get: Unrecognized key: "tenant"'],
      ['get', '{"name":"OTHER","__proto__":{"secrets":["OTHER"]}}', 'TOOL_ERROR: Cannot call secrets.get: Unrecognized key: "__proto__"'],
      ['get', { name: ['OTHER'] }, 'TOOL_ERROR: Cannot call secrets.get: name: Invalid input: expected string, received array'],
      ['read', { name: 'OTHER' }, 'TOOL_ERROR: Cannot call secrets.read: there is no such method'],
    ], { secrets: ['TOKEN'] }),
    lie('secrets for a run that was given no tool for them', [STARTED, ...calls('secrets', [['get', { name: 'TOKEN' }]])], killed(/was not granted it/), { options: { tools: ['echo'], secrets: ['TOKEN'] } }),
    ask('requests that were never opened, by numbers of all kinds', 'fetch', [
      ['read', { id: 1 }, 'TOOL_ERROR: Cannot fetch: there is no response yet, or a part of it is being read already'],
      ['read', { id: 9_007_199_254_740_990 }, 'TOOL_ERROR: Cannot fetch: there is no response yet, or a part of it is being read already'],
      ['write', { id: -1, end: true }, 'TOOL_ERROR: Cannot call fetch.write: id: Too small: expected number to be >=1'],
      ['close', { id: 9_007_199_254_740_991 }, 'null'],
      ['read', { id: 0 }, 'TOOL_ERROR: Cannot call fetch.read: id: Too small: expected number to be >=1'],
      ['read', { id: '1' }, 'TOOL_ERROR: Cannot call fetch.read: id: Invalid input: expected number, received string'],
    ]),
    ask('requests beyond the job\'s permissions, or as no guest would write them', 'fetch', [
      ['open', open(), 'PERMISSION_DENIED: Cannot fetch 127.0.0.1:1: port 1 is blocked: it is known for another protocol'],
      ['open', open({ id: 2, url: 'http://inside.test/' }), 'PERMISSION_DENIED: Cannot fetch inside.test:80: the job was not granted it; permissions.net would have to name "inside.test"'],
      ['open', open({ id: 3, url: 'http://granted.test@inside.test/' }), 'PERMISSION_DENIED: Cannot fetch inside.test: the URL has a name or a password in it; send an Authorization header instead'],
      ['open', open({ id: 4, url: 'http://granted.test/', headers: [['host', 'inside.test']] }), 'TOOL_ERROR: Cannot fetch: the header "host" is not for user code to set'],
      ['open', open({ id: 5, url: 'http://granted.test/', headers: [['transfer-encoding', 'chunked']] }), 'TOOL_ERROR: Cannot fetch: the header "transfer-encoding" is not for user code to set'],
      ['open', open({ headers: [['x', 'a\r\nhost: inside.test']] }), CONTROL],
      ['open', open({ headers: [['x', 'a\0']] }), CONTROL],
      ['open', open({ headers: [['x', '\u0100']] }), CONTROL],
      ['open', open({ headers: [['Host', 'x']] }), refused('headers[0][0]: The name of a header is not a token')],
      ['open', open({ headers: [['x: y\r\nz', 'x']] }), refused('headers[0][0]: The name of a header is not a token')],
      ['open', open({ headers: Array.from({ length: 50_000 }, () => []) }), refused('headers: Too big: expected array to have <=256 items')],
      ['open', open({ method: 'GET / HTTP/1.1\r\n\r\n' }), refused('method: The method is not a token')],
      ['open', open({ method: 'CONNECT' }), refused('method: The method is one that no request may have')],
      ['open', open({ body: 'whole' }), refused('A request with GET or HEAD has no body')],
      ['open', open({ length: -1 }), refused('length: Too small: expected number to be >=0')],
      ['open', open({ grants: { net: true } }), refused('Unrecognized key: "grants"')],
      ['open', open({ id: 6, url: `http://${'a'.repeat(20_000)}.test/` }), 'TOOL_ERROR: Cannot fetch: the URL is longer than 16384 characters'],
    ], { permissions: { net: ['granted.test'] } }),
    ask('files of others, streams that were never opened, and parts that are none', 'files', [
      ['open', { name: 'theirs', text: true }, 'PERMISSION_DENIED: Cannot read "theirs": the job was not granted it; permissions.read would have to name "theirs"'],
      ['open', { name: 'theirs', text: true, tenant: 'other' }, 'TOOL_ERROR: Cannot call files.open: Unrecognized key: "tenant"'],
      ['read', { name: 'theirs', start: 0, end: 4 }, 'PERMISSION_DENIED: Cannot read "theirs": the job was not granted it; permissions.read would have to name "theirs"'],
      ['read', { name: 'nothing', start: 0, end: 4 }, 'TOOL_ERROR: Cannot read "nothing": there is no such file'],
      ['read', { name: 'nothing', start: 0, end: 2e9 }, 'TOOL_ERROR: Cannot read "nothing": bytes 0 to 2000000000 are not 1048576 at the most'],
      ['read', { name: 'nothing', start: 4, end: 0 }, 'TOOL_ERROR: Cannot read "nothing": bytes 4 to 0 are not 1048576 at the most'],
      ['read', { name: 'nothing', start: -1, end: 0.5 }, 'TOOL_ERROR: Cannot call files.read: start: Too small: expected number to be >=0'],
      ['next', { stream: 1 }, 'TOOL_ERROR: Cannot read on: the file was closed'],
      ['next', { stream: '1' }, 'TOOL_ERROR: Cannot call files.next: stream: Invalid input: expected number, received string'],
      ['close', { stream: 9e15 }, 'null'],
      ['write', { name: 'a/../b', type: 'x', append: true, text: '1' }, 'PERMISSION_DENIED: Cannot write "a/../b": the job was not granted it; permissions.write would have to name "a/../b"'],
      ['write', { name: 'out', type: 'a\r\nb: c', append: true, text: '1' }, 'TOOL_ERROR: Cannot call files.write: type: Expected a media type'],
      ['write', { name: 'out', type: 'x', append: true, text: '1', isComplete: true }, 'TOOL_ERROR: Cannot call files.write: Unrecognized key: "isComplete"'],
      ['commit', {}, 'TOOL_ERROR: Cannot call files.commit: there is no such method'],
    ], { permissions: { read: ['nothing'], write: ['out'] } }),
    ask('texts that end where they do not', 'echo', [
      ['say', { text: 'mine' }, '"mine"', { textBytes: 1e9 }],
      ['say', { text: 'mine' }, 'TOOL_ERROR: Cannot call echo.say: its arguments are not JSON', { textBytes: 5 }],
      ['say', { text: 'mine' }, 'TOOL_ERROR: Cannot call echo.say: its arguments are not JSON', { textBytes: 0 }],
      ['say', { text: 'mine' }, '"mine"', { textBytes: 15.9 }],
      ['say', '{"text":"\u00e9"}', 'TOOL_ERROR: Cannot call echo.say: its arguments are not JSON', { textBytes: 10 }],
    ]),
    lie('a text that ends before its beginning', [STARTED, ...calls('echo', [['say', { text: 'x' }, { textBytes: -1 }]])], killed(/textBytes/), { options: { tools: ['echo'] } }),
    lie('more bytes than a call may come with', [STARTED, { say: { type: 'call', call: 1, tool: 'echo', method: 'say', textBytes: 2 }, body: '{}', bodyTimes: 524_290 }], killed(/comes with 1048578 bytes/), { options: { tools: ['echo'] } }),
    ask('a failure with more words than a frame\'s header holds', 'echo', [
      ['say', Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`m${String(i).padStart(20, '0')}`, 1])), `TOOL_ERROR: Cannot call echo.say: text: Invalid input: expected string, received undefined`],
      ['m'.repeat(256), {}, `TOOL_ERROR: Cannot call echo.${'m'.repeat(256)}: there is no such method`],
    ]),
  ],
}
