import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_LIMIT_POLICY } from '../../src/core/limits.ts'
import { EMPTY_USAGE, type Outcome } from '../../src/core/outcome.ts'
import type { RunHooks, RunRequest } from '../../src/engine/engine.ts'
import { createKernel, PluginError } from '../../src/engine/kernel.ts'
import { type Hook, type Plugin, type Services, type Stage, STAGES } from '../../src/engine/plugin.ts'

const REQUEST: RunRequest = {
  tenant: 'acme', alone: false, code: '', files: {}, codeHash: '', input: 'null', entry: 'default', tools: [], limits: DEFAULT_LIMIT_POLICY.defaults, requireIsolation: [],
  toolConfig: {}, permissions: 'none', fence: 1, batchId: null, secrets: [],
  context: { jobId: 'job-1', attempt: 1, tags: {}, deadline: '' },
}
const HOOKS: RunHooks = { signal: new AbortController().signal, onLogs () {}, onProgress () {} }
const DONE: Outcome = { type: 'succeeded', result: '1', usage: EMPTY_USAGE }
const finish: Hook = (run) => { run.outcome = DONE }

/** A plugin that writes down every stage it is called in. */
function spy (name: string, words: string[], hooks: Partial<Record<Stage, Hook>> = {}, required: readonly string[] = []): Plugin {
  return {
    name,
    required,
    setup (api) {
      words.push(`${name} is set up`)
      for (const stage of STAGES) api.on(stage, hooks[stage] ?? (() => { words.push(`${name} ${stage}`) }))
      api.onClose(() => { words.push(`${name} closes`) })
    },
  }
}

/** A plugin of one hook. */
function hooked (name: string, stage: Stage, hook: Hook): Plugin {
  return { name, setup: (api) => api.on(stage, hook) }
}

test('stages run in order, in each the plugins in order', async () => {
  const words: string[] = []
  const kernel = await createKernel([spy('a', words), spy('b', words, { onExecute: finish })])
  words.length = 0

  const { outcome } = await kernel.execute(REQUEST, HOOKS)

  assert.equal(outcome, DONE)
  assert.deepEqual(words, [
    'a onValidate', 'b onValidate', 'a onLoad', 'b onLoad', 'a onSpawn', 'b onSpawn', 'a onExecute', 'a onFormat', 'b onFormat',
  ])
})

test('an outcome sends the run straight to its end', async () => {
  const words: string[] = []
  const kernel = await createKernel([spy('a', words, { onLoad: finish }), spy('b', words)])
  words.length = 0

  await kernel.execute(REQUEST, HOOKS)

  assert.deepEqual(words, ['a onValidate', 'b onValidate', 'b onLoad', 'a onFormat', 'b onFormat'])
})

test('what was taken is given back in reverse, also when a plugin of the engine throws', async () => {
  const words: string[] = []
  const kernel = await createKernel([
    hooked('a', 'onSpawn', (run) => { run.releases.push(() => words.push('first'), () => words.push('second')) }),
    hooked('b', 'onExecute', () => { throw new Error('Cannot go on') }),
  ])

  await assert.rejects(kernel.execute(REQUEST, HOOKS), /^Error: Cannot go on$/)

  assert.deepEqual(words, ['second', 'first'])
})

test('a run that no plugin gave an outcome is a mistake of ours', async () => {
  const kernel = await createKernel([spy('a', [])])

  await assert.rejects(kernel.execute(REQUEST, HOOKS), TypeError)
})

test('plugins close in reverse, all of them, and the first that fails is named', async () => {
  const words: string[] = []
  const failing: Plugin = { name: 'c', setup: (api) => api.onClose(() => { throw new Error('still busy') }) }
  const kernel = await createKernel([spy('a', words), spy('b', words)], [failing])
  words.length = 0

  await assert.rejects(kernel.close(), (error) => error instanceof PluginError && error.message === 'Plugin "c" failed to close: still busy')

  assert.deepEqual(words, ['b closes', 'a closes'])
})

test('a run without an outcome after its execution is spawned again, three times in all', async () => {
  const words: string[] = []
  const kernel = await createKernel([spy('a', words, { onExecute: (run) => { if (run.spawns === 3) run.outcome = DONE } })])
  words.length = 0

  const { outcome } = await kernel.execute(REQUEST, HOOKS)

  assert.equal(outcome, DONE)
  assert.deepEqual(words, ['a onValidate', 'a onLoad', 'a onSpawn', 'a onSpawn', 'a onSpawn', 'a onFormat'])
})

test('a plugin is set up and called behind those that it requires, and stands in for one of its name', async () => {
  const words: string[] = []

  await createKernel([spy('a', words, {}, ['c']), spy('b', words)], [spy('c', words, {}, ['b']), { name: 'b', setup: () => { words.push('another b is set up') } }])

  assert.deepEqual(words, ['another b is set up', 'c is set up', 'a is set up'])
})

test('plugins that require each other, or what is not there, are refused by name', async () => {
  const requires = (name: string, ...required: string[]) => spy(name, [], {}, required)

  await assert.rejects(createKernel([requires('a')], [requires('x', 'y'), requires('y', 'z'), requires('z', 'y')]), /in a circle, y → z → y$/)
  await assert.rejects(createKernel([requires('a')], [requires('x', 'x')]), /in a circle, x → x$/)
  await assert.rejects(createKernel([requires('a')], [requires('x', 'licences')]), /Cannot use plugin "x": it requires "licences", which is not there; there are a, x/)
  await assert.rejects(createKernel([requires('a')], [requires('x'), requires('x')]), /two are named "x"/)
  await assert.rejects(createKernel([requires('a')], [requires('a'), requires('a')]), /two are named "a"/)
})

test('a run in which an added plugin throws fails, says which, and goes on to its end', async () => {
  const words: string[] = []
  const own = [spy('a', words, { onExecute: finish })]
  for (const stage of STAGES) {
    words.length = 0
    const kernel = await createKernel(own, [hooked('licences', stage, () => { throw new Error('no licence') })])

    const { outcome } = await kernel.execute(REQUEST, HOOKS)

    assert.ok(outcome.type === 'failed')
    assert.deepEqual([outcome.error.code, outcome.error.name, outcome.error.message], ['INTERNAL', 'PluginError', `Plugin "licences" failed in ${stage}: no licence`])
    assert.ok(words.includes('a onFormat'))
  }
})

test('a plugin that cannot be set up is named, and those before it are closed', async () => {
  const words: string[] = []
  const failing: Plugin = { name: 'licences', setup: () => Promise.reject(new Error('no key')) }

  await assert.rejects(createKernel([spy('a', words)], [failing]), /^PluginError: Plugin "licences" failed to set up: no key$/)

  assert.deepEqual(words, ['a is set up', 'a closes'])
})

test('what one plugin shares another uses, if it is set up before; each name is shared once', async () => {
  const shared: Services['logger'] = { warn () {} }
  const provides = (name: string): Plugin => ({ name, setup: (api) => api.provide('logger', shared) })
  const seen: unknown[] = []
  const uses: Plugin = { name: 'uses', required: ['a'], setup: (api) => { seen.push(api.use('logger')) } }

  const kernel = await createKernel([uses, provides('a')])

  assert.deepEqual([seen, kernel.service('logger')], [[shared], shared])
  await assert.rejects(createKernel([provides('a')], [provides('b')]), /Cannot provide service "logger": another plugin does/)
  await assert.rejects(createKernel([{ ...uses, required: [] }]), /Cannot use service "logger": no plugin that was set up before provides it/)
})
