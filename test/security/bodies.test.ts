import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileSources } from '../../src/engine/compiler/compile-sources.ts'
import { openGuest } from '../helpers/guest.ts'
import { type Attack, type End, inEntry } from './attack.ts'
import { codeGeneration } from './groups/code-generation.ts'
import { errors } from './groups/errors.ts'
import { hostInformation } from './groups/host-information.ts'
import { promises } from './groups/promises.ts'
import { prototypes } from './groups/prototypes.ts'
import { proxies } from './groups/proxies.ts'
import { sloppy } from './groups/sloppy.ts'
import { timers } from './groups/timers.ts'

// What is around an isolate does not know whether a module or a body is in it: attacks on bodies are played in this process.

const guest = await openGuest()
const [HEAD = '', TAIL = ''] = inEntry('\0').split('\0')

/** How attacks end otherwise than in a module, where less throws, a function may ask who called it, and nothing is called `process`: in a body that is ours. What is found is the code's own: the attacks on bodies look closer. */
const SLOPPY_ENDS: Readonly<Record<string, End>> = {
  'call sites of the guest and of V8': { result: ['getFunction', 'getThis'] },
  'putting the constructors back': { result: ['() => { Function.prototype.constructor = Object }', '() => { delete Function.prototype.constructor }', '() => { globalThis.eval = 1 }', '() => { delete globalThis.eval }'] },
  'code that is no module: an octal literal and a deleted name': { result: null },
  '20,000 rejections that nobody handles': { codes: ['UNHANDLED_REJECTION'], name: 'Error', message: /^e\d+$/ },
  'paths in a stack of its own': { result: ['Error: x', '    at job.js', '    at run (batchbox:guest)'] },
  'a realm of one\'s own, by constructors from another one': { result: ['process'] },
  'globals of a host': { result: ['process', 'global', 'setImmediate'] },
  'the value of a secret in an environment': { result: null },
  'who called, asked by a getter inside the guest': { result: ['caller'] },
}
/** They are about how much is held or read, whoever has it, and take long. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'prepareStackTrace that returns 100 MB', 'an AggregateError of 20,000 errors', 'causes ten thousand deep, logged and thrown',
  'an overflow while the result is written', 'callbacks of a FinalizationRegistry that throw and log', 'memory that was used before', 'a proxy of itself without an end', 'a new proxy at every level without an end', 'a list of keys that never ends in its number',
  'an array by proxy whose length is a lie', 'toJSON that answers a value with toJSON, shared and without an end',
])

test('the attacks on entries of modules end alike in sloppy bodies', async (t) => {
  for (const { name, attacks } of [codeGeneration, prototypes, errors, promises, proxies, hostInformation, timers]) {
    await t.test(name, async () => {
      for (const attack of attacks) {
        const code = LEFT_OUT.has(attack.name) ? undefined : readBody(attack)
        if (code !== undefined) await play({ ...attack, code, end: SLOPPY_ENDS[attack.name] ?? attack.end })
      }
    })
  }
})

test(sloppy.name, async (t) => {
  for (const attack of sloppy.attacks) await t.test(attack.name, () => play(attack))
})

/** The body of an attack's entry; undefined where it is none, is given a context, or is a matter of time and not of code. */
function readBody ({ code, end, options }: Attack): string | undefined {
  if (!code.startsWith(HEAD) || !code.endsWith(TAIL) || 'crash' in end || ('limit' in end && end.limit)) return undefined
  const body = code.slice(HEAD.length, -TAIL.length)
  return /\bcontext\b/.test(body) || options?.tools ? undefined : body
}

async function play ({ name, code, options = {}, end, logs }: Attack): Promise<void> {
  const compiled = await compileSources({ form: 'body', code }, [])
  if (compiled.type === 'invalid') return checkFailure(name, { code: 'SYNTAX_ERROR', name: 'SyntaxError', message: `${compiled.message} (${compiled.file}:${compiled.line}:${compiled.column})` }, end)
  assert.equal(compiled.form, 'body')
  const run = await guest.run(code, { input: options.input, limits: { timeoutMs: 10_000, ...options.limits }, tools: options.tools ?? [], form: 'body' })

  if ('result' in end) assert.deepEqual(run.failure ?? JSON.parse(run.result ?? 'null'), end.result, name)
  else checkFailure(name, run.failure, end)
  if (logs) assert.deepEqual(run.logs, logs, name)
}

function checkFailure (attack: string, failure: { code: string, name: string, message: string } | null, end: End): void {
  assert.ok(failure && 'codes' in end && end.codes.some((code) => code === failure.code), `${attack}: ${JSON.stringify(failure)}`)
  if (end.name !== undefined) assert.equal(failure.name, end.name, attack)
  if (typeof end.message === 'string') assert.equal(failure.message, end.message, attack)
  if (end.message instanceof RegExp) assert.match(failure.message, end.message, attack)
}
