import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { EMPTY_USAGE, type Outcome } from '../../src/core/outcome.ts'
import type { RunHooks, RunRequest } from '../../src/engine/engine.ts'
import { createKernel, type Plugin, STAGES } from '../../src/engine/kernel.ts'

const REQUEST: RunRequest = {
  tenant: 'acme', alone: false, code: '', files: {}, codeHash: '', input: 'null', entry: 'default', tools: [], limits: DEFAULT_LIMIT_POLICY.defaults, requireIsolation: [],
  toolConfig: {}, permissions: 'none', fence: 1, batchId: null, secrets: [],
  context: { jobId: 'job-1', attempt: 1, tags: {}, deadline: '' },
}
const HOOKS: RunHooks = { signal: new AbortController().signal, onLogs () {}, onProgress () {} }
const DONE: Outcome = { type: 'succeeded', result: '1', usage: EMPTY_USAGE }

/** A plugin that writes down every stage it is called in. */
function spy (name: string, words: string[], more: Partial<Plugin> = {}): Plugin {
  const stages = Object.fromEntries(STAGES.map((stage) => [stage, () => { words.push(`${name} ${stage}`) }]))
  return { name, ...stages, close: async () => { words.push(`${name} closes`) }, ...more }
}

test('stages run in order, in each the plugins in order', async () => {
  const words: string[] = []
  const kernel = createKernel([spy('a', words), spy('b', words, { onExecute: (run) => { run.outcome = DONE } })])

  const { outcome } = await kernel.execute(REQUEST, HOOKS)

  assert.equal(outcome, DONE)
  assert.deepEqual(words, [
    'a onValidate', 'b onValidate', 'a onLoad', 'b onLoad', 'a onSpawn', 'b onSpawn', 'a onExecute', 'a onFormat', 'b onFormat',
  ])
})

test('an outcome sends the run straight to its end', async () => {
  const words: string[] = []
  const kernel = createKernel([spy('a', words, { onLoad: (run) => { run.outcome = DONE } }), spy('b', words)])

  await kernel.execute(REQUEST, HOOKS)

  assert.deepEqual(words, ['a onValidate', 'b onValidate', 'b onLoad', 'a onFormat', 'b onFormat'])
})

test('what was taken is given back in reverse, also when a plugin throws', async () => {
  const words: string[] = []
  const kernel = createKernel([
    { name: 'a', onSpawn: (run) => { run.releases.push(() => words.push('first'), () => words.push('second')) } },
    { name: 'b', onExecute: () => { throw new Error('Cannot go on') } },
  ])

  await assert.rejects(kernel.execute(REQUEST, HOOKS), /Cannot go on/)

  assert.deepEqual(words, ['second', 'first'])
})

test('a run that no plugin gave an outcome is a mistake of ours', async () => {
  await assert.rejects(createKernel([{ name: 'a' }]).execute(REQUEST, HOOKS), TypeError)
})

test('plugins close in reverse', async () => {
  const words: string[] = []

  await createKernel([spy('a', words), spy('b', words)]).close()

  assert.deepEqual(words, ['b closes', 'a closes'])
})

test('a run without an outcome after its execution is spawned again, three times in all', async () => {
  const words: string[] = []
  const kernel = createKernel([spy('a', words, { onExecute: (run) => { if (run.spawns === 3) run.outcome = DONE } })])

  const { outcome } = await kernel.execute(REQUEST, HOOKS)

  assert.equal(outcome, DONE)
  assert.deepEqual(words, ['a onValidate', 'a onLoad', 'a onSpawn', 'a onSpawn', 'a onSpawn', 'a onFormat'])
})
