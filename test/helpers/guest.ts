import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import type { CodeForm } from '../../src/core/job-sources.ts'
import { DEFAULT_LIMIT_POLICY, type Limits } from '../../src/core/limits.ts'
import { openArchive } from '../../src/core/archive.ts'
import type { ModuleSettings } from '../../src/core/module-variables.ts'
import { readDescriptor } from '../../src/core/read-descriptor.ts'
import { CORE_SCRIPT } from '../../src/core/runner-protocol.ts'
import { prepareGuest } from '../../src/engine/guest-image.ts'
import { V8_FLAGS } from '../../src/engine/runner-command.ts'
import { keepScripts, type Scripts } from '../../src/engine/runner/archives.ts'
import { bindImports, ready } from '../../src/engine/compiler/bind-imports.ts'
import { createIsolateMaker } from '../../src/engine/runner/isolate.ts'
import { Run, type RunEnd } from '../../src/engine/runner/run.ts'
import { loadTools } from '../../src/tools/registry.ts'

export interface GuestOptions {
  /** Made JSON; null unless given. */
  input?: unknown
  /** Has the input and the result in structured form. */
  structured?: boolean
  entry?: string
  /** A module unless given; `body` has to be one that V8 can read. */
  form?: CodeForm
  /** Names of tools whose calls are answered in the runner, as they are by default. */
  tools?: readonly string[]
  limits?: Partial<Limits>
  /** Files that the code brings along, in JavaScript or JSON. */
  sources?: Record<string, string>
}

export interface GuestRun extends RunEnd {
  /** Texts of all log lines. */
  logs: string[]
}

export interface Guest {
  /** Runs code in an isolate of its own. */
  run (code: string, options?: GuestOptions): Promise<GuestRun>
  /** The parsed result of code that must succeed. */
  resultOf (code: string, options?: GuestOptions): Promise<unknown>
  /** The value of an expression, or what the promise that it is resolves to. */
  evaluate (expression: string): Promise<unknown>
  /** Runs code that must fail; answers code, name and message. */
  failureOf (code: string, options?: GuestOptions): Promise<{ code: string, name: string, message: string }>
}

/** Scripts of units, and the names of what they export. */
type OwnModules = Readonly<Record<string, { script: string, exports: string[] }>>

const MEMORY_MB = 128

/**
 * Makes isolates with the guest inside, in this process: what code sees in a run, without the processes around it. To be called once, at the top of a
 * test file. No tool can be called but natives. With `printsSource` the functions of the guest print as what they are. `modules` are those that are shipped by default unless given;
 * `ownModules` are there besides.
 */
export async function openGuest ({ printsSource = false, modules, ownModules = {} }: { printsSource?: boolean, modules?: ModuleSettings, ownModules?: OwnModules } = {}): Promise<Guest> {
  V8_FLAGS.forEach(setFlagsFromString) // or isolates would not take the code caches, and compile all by themselves
  const loaded = await loadTools({ own: '', config: '{}' })
  const { archives, tools } = await prepareGuest(loaded, modules)
  const scripts = withModules(keepScripts(archives.map((descriptor) => openArchive(readDescriptor(descriptor)))), ownModules)
  const createWarmIsolate = createIsolateMaker(printsSource ? printing(scripts) : scripts, tools)
  await ready

  const grants = (names: readonly string[]) => loaded.filter(({ name }) => names.includes(name)).map(({ name, native, interfaces, exposed }) => ({ name, native, interfaces, config: exposed }))

  async function run (code: string, { input = null, structured = false, entry = 'default', form = 'module', tools: granted = [], limits = {}, sources = {} }: GuestOptions = {}): Promise<GuestRun> {
    const logs: string[] = []
    const task = {
      token: '', form, file: 'job.js', ...bindImports(code, form), input: JSON.stringify(input), entry, context: '{"tags":{}}', tools: grants(granted), hrtime: false, structured, records: null,
      sources: Object.entries(sources).map(([file, text]) => Object.assign({ file }, bindImports(text))),
      limits: { ...DEFAULT_LIMIT_POLICY.defaults, ...limits },
    }
    const voice = {
      logs (lines: string) { logs.push(...(JSON.parse(`[${lines}]`) as [number, string, string][]).map(([, , message]) => message)) }, // our own format
      progress () {}, usage () {}, call () {}, pull () {}, output () {}, stopping () {},
    }
    return { ...await new Run(task, createWarmIsolate(MEMORY_MB), voice).finish(), logs }
  }

  async function resultOf (code: string, options?: GuestOptions): Promise<unknown> {
    const { result, failure } = await run(code, options)
    assert.equal(failure, null, JSON.stringify(failure))
    return JSON.parse(result ?? 'null') as unknown
  }

  return {
    run,
    resultOf,
    evaluate: (expression) => resultOf(`export default async () => (${expression})`),
    async failureOf (code, options) {
      const { failure } = await run(code, options)
      assert.ok(failure, 'It succeeded')
      return { code: failure.code, name: failure.name, message: failure.message }
    },
  }
}

function printing (scripts: Scripts): Scripts {
  const core = scripts.find(CORE_SCRIPT)
  const text = core?.text.replace(/^\s*printNatives\(\);$/m, '') ?? ''
  return { ...scripts, find: (name) => name === CORE_SCRIPT ? { text, cache: undefined } : scripts.find(name) }
}

function withModules (scripts: Scripts, modules: OwnModules): Scripts {
  const own = new Map(Object.entries(modules).map(([name, { script }]) => [`module:${name}`, { text: script, cache: undefined }]))
  const table = new Map(Object.entries(modules).map(([name, { exports }]) => [name, { unit: `module:${name}`, exports }]))
  const all: Scripts['modules'] = { get: (name) => table.get(name) ?? scripts.modules.get(name), keys: () => [...scripts.modules.keys(), ...table.keys()].values() }
  return { modules: all, find: (name) => own.get(name) ?? scripts.find(name) }
}
