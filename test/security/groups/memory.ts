import { DEFAULT_LIMIT_POLICY } from '../../../src/core/limits.ts'
import { type Attack, type AttackGroup, inEntry, isStoppedBy } from '../attack.ts'

const MEMORY_MB = 16
const TIMEOUT_MS = 30_000
const hoards = (name: string, body: string, memoryMb = MEMORY_MB): Attack => ({ name, code: inEntry(body), options: { limits: { memoryMb, timeoutMs: TIMEOUT_MS, cpuMs: TIMEOUT_MS } }, end: isStoppedBy('MEMORY_LIMIT', memoryMb) })

/** Memory on V8's heap and off it: by hoarding, by one call, and by what the standard library keeps for itself. */
export const memory: AttackGroup = {
  name: 'denial of service by memory',
  attacks: [
    hoards('arrays', 'const all = []; for (;;) all.push(new Array(10_000).fill(1))'),
    hoards('arrays between awaits', 'const all = []; for (;;) { await null; all.push(new Array(10_000).fill(1)) }'),
    hoards(
      'arrays from timers',
      'const all = []; const grow = () => { for (let i = 0; i < 100; i++) all.push(new Array(10_000).fill(1)); setTimeout(grow) }; grow(); await new Promise(() => {})',
    ),
    {
      ...hoards('arrays in the entry of a module with a top-level await', ''),
      code: 'await null\nexport default () => { const all = []; for (;;) all.push(new Array(10_000).fill(1)) }',
    },
    { ...hoards('arrays while the module is evaluated', ''), code: 'const all = []; for (;;) all.push(new Array(10_000).fill(1))' },
    hoards('buffers', 'const all = []; for (;;) all.push(new ArrayBuffer(1e6))'),
    hoards('buffers that are filled', 'const all = []; for (;;) all.push(new Uint8Array(1e6).fill(1))'),
    hoards('a buffer of 4 GB', 'return new ArrayBuffer(4e9).byteLength'),
    hoards('a typed array of 8 GB', 'return new Uint8Array(2 ** 33).length'),
    hoards('a buffer transferred to 2 GB', 'return new ArrayBuffer(8).transfer(2 ** 31).byteLength'),
    hoards('a buffer transferred to twice its size again and again', 'let b = new ArrayBuffer(8); for (let n = 8;; n *= 2) b = b.transfer(n)'),
    hoards(
      'a buffer by a subclass that asks for it to be resizable',
      'class Growing extends ArrayBuffer { constructor () { super(8, { maxByteLength: 2 ** 31 }) } } return new Growing().transfer(2 ** 31).byteLength',
    ),
    hoards('long texts', 'const all = []; for (;;) { const s = "x".repeat(1e6) + all.length; all.push(s.at(-1) + s) }'),
    hoards('a text padded and taken apart', 'return "y".padEnd(2 ** 28, "abc").split("").length'),
    hoards('dates of Intl', 'const all = []; for (;;) all.push(new Intl.DateTimeFormat("ja-JP-u-ca-japanese", { dateStyle: "full" }))'),
    hoards('Temporal', 'const all = []; for (;;) all.push(Temporal.Now.zonedDateTimeISO("Europe/Berlin"))'),
    hoards('a text that Unicode makes 18 times as long', 'return "\\ufdfa".repeat(2 ** 23).normalize("NFKD").length'),
    hoards('WeakRefs and registries', 'const all = []; for (;;) all.push(new WeakRef(new Array(1000).fill(1)), new FinalizationRegistry(() => {}))'),
    hoards('raw JSON repeated', `return { all: Array(1000).fill(JSON.rawJSON('"' + "x".repeat(1e6) + '"')) }`),
    {
      ...hoards('raw JSON repeated in a list', `return Array(1000).fill(JSON.rawJSON('"' + "x".repeat(1e6) + '"'))`), // written, and counted, piece by piece
      end: { codes: ['RESULT_TOO_LARGE'], name: 'RangeError', limit: { name: 'resultBytes', configured: DEFAULT_LIMIT_POLICY.defaults.resultBytes } },
    },
    hoards(
      'a table of long cells',
      'const row = {}; for (let i = 0; i < 24; i++) row["c" + i] = Array(7).fill("x".repeat(9000)); console.table(Array(200).fill(row)); return 1',
      32,
    ),
    hoards('base 64 of 256 MB', 'return Uint8Array.fromBase64("A".repeat(2 ** 28)).length'),
    {
      name: 'the memory that was asked for, which is no attack',
      code: inEntry('const all = []; for (let i = 0; i < 60; i++) all.push(new Uint8Array(1e6).fill(i)); return all.length'),
      options: { limits: { memoryMb: 128 } },
      end: { result: 60 },
    },
  ],
}
