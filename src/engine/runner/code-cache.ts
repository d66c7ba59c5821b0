import { once } from 'node:events'
import ivm from 'isolated-vm'
import { CORE_SCRIPT, type ToolScripts } from '../../core/runner-protocol.ts'
import type { Script, Scripts } from './archives.ts'
import { buildGuestSettings, REHEARSAL_LIMITS } from './guest-settings.ts'
import { AS_REFERENCE, buildOptions, GIVES_REFERENCE, ONE_WAY } from './ivm-options.ts'
import { connectModules, connectUnits } from './units.ts'
import { compileJobModules } from './job-module.ts'
import { ModuleGraph } from './module-graph.ts'

/** Name of the guest's script, in stacks that are cut before anybody reads them. */
export const GUEST_FILE = 'batchbox:guest'

const MEMORY_MB = 64
/** Every unit there is, at one time. */
const UNITS_MEMORY_MB = 512
const REHEARSAL_MS = 5000

/** Uses what most jobs use, so that V8 compiles it. */
const REHEARSAL = `
  console.log('text %d', 1, { list: [1, 'two'], nested: { map: new Map([[1, new Set([2])]]) } }, new Error('stack'))
  export default async (input, context) => {
    context.progress(0.5, 'half')
    await new Promise((resolve) => setTimeout(resolve))
    return { input, list: [input] }
  }`

/** The same for the body of a function; what it answers is told to nobody. */
const REHEARSED_BODY = '(async function (input) { return input })'

/** What V8 compiled of a script, in a form that another isolate takes. */
export type CodeCache = ivm.ExternalCopy<ArrayBuffer>
type CachedScript = ivm.Script & { cachedData?: ivm.ExternalCopy<ArrayBuffer> } // left out of the library's types

/**
 * Makes V8's code caches of scripts: of the core, if it is among those wanted, and of units. A cache made at first sight holds little but the outermost
 * function, and every isolate would compile the rest again as it is called: so a job is played first, and the script then compiled once more
 * in the same isolate, where V8 finds it again with all that has run. Only trusted code is compiled here. A unit that fails when nobody gives it what it
 * needs has none.
 */
export async function cacheScripts (scripts: ReadonlyMap<string, string>, wanted: readonly string[]): Promise<Map<string, CodeCache>> {
  const textOf = (name: string) => scripts.get(name) ?? ''
  const isolate = new ivm.Isolate({ memoryLimit: UNITS_MEMORY_MB })
  const context = isolate.createContextSync()
  const guest = runScript(isolate, context, { text: textOf(CORE_SCRIPT), cache: undefined })
  connectUnits(guest, { isolate, context, find: (name) => ({ text: textOf(name), cache: undefined }) })
  connectModules(guest)
  await rehearse(isolate, context, guest)
  const useUnit: ivm.Reference = guest.getSync('useUnit', AS_REFERENCE)
  const caches = new Map<string, CodeCache>()
  for (const name of wanted) {
    if (name === CORE_SCRIPT || playUnit(useUnit, name)) caches.set(name, cacheOf(isolate, textOf(name)))
  }
  isolate.dispose()
  return caches
}

function playUnit (useUnit: ivm.Reference, name: string): boolean {
  try {
    rehearseExports(useUnit.applySync(undefined, [name], GIVES_REFERENCE))
    return true
  } catch {
    return false
  }
}

/** Makes units of the guest halves of tools, named `tool:` and the tool's name, with code caches made in the same way. Throws an Error for one that fails when it rehearses. */
export function cacheTools (scripts: Scripts, tools: ToolScripts): Map<string, Script> {
  const halves = new Map(Object.entries(tools).map(([name, text]): [string, Script] => [`tool:${name}`, { text, cache: undefined }]))
  if (halves.size === 0) return halves
  const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MB })
  const context = isolate.createContextSync()
  const guest = runScript(isolate, context, scripts.find(CORE_SCRIPT))
  connectUnits(guest, { isolate, context, find: (name) => halves.get(name) ?? scripts.find(name) })
  prepare(guest, () => {})
  const useUnit: ivm.Reference = guest.getSync('useUnit', AS_REFERENCE)
  for (const [name, half] of halves) {
    rehearseTool(name, () => useUnit.applySync(undefined, [name], GIVES_REFERENCE))
    half.cache = cacheOf(isolate, half.text)
  }
  isolate.dispose()
  return halves
}

function rehearseTool (unit: string, load: () => ivm.Reference): void {
  try {
    rehearseExports(load())
  } catch (error) {
    throw new Error(`Cannot serve: the guest half of tool "${unit.slice('tool:'.length)}" fails when it rehearses: ${String(error)}`, { cause: error })
  }
}

/** A script may export what plays its own part of a job; all of it happens within the call, and the microtasks behind it. */
function rehearseExports (exports: ivm.Reference): void {
  const play = exports.getSync('rehearse', AS_REFERENCE)
  if (play.typeof === 'function') play.applySync(undefined, [], { timeout: REHEARSAL_MS })
}

/** Compiles a script, out of its code cache where it has one, and answers its value. */
export function runScript (isolate: ivm.Isolate, context: ivm.Context, script: Script | undefined): ivm.Reference {
  if (!script) throw new TypeError('Cannot load script: the runner was not given it')
  const options = { filename: GUEST_FILE, lineOffset: 0, columnOffset: 0, produceCachedData: false }
  return isolate.compileScriptSync(script.text, buildOptions(script.cache ? { ...options, cachedData: script.cache } : options)).runSync(context, AS_REFERENCE)
}

function cacheOf (isolate: ivm.Isolate, text: string): CodeCache {
  const { cachedData }: CachedScript = isolate.compileScriptSync(text, { filename: GUEST_FILE, produceCachedData: true })
  if (!cachedData) throw new Error('Cannot serve: V8 made no code cache of the guest')
  return cachedData
}

/** Gives the guest to a run that is none. */
function prepare (guest: ivm.Reference, hear: (type: unknown) => void): void {
  const args = [new ivm.Callback(hear, ONE_WAY), buildGuestSettings(REHEARSAL_LIMITS, { records: null }), 'default', '1', '{"tags":{}}']
  guest.getSync('prepare', AS_REFERENCE).applySync(undefined, args)
}

async function rehearse (isolate: ivm.Isolate, context: ivm.Context, guest: ivm.Reference): Promise<void> {
  const words = new EventTarget()
  prepare(guest, (type) => { words.dispatchEvent(new Event(String(type))) })
  const signal = AbortSignal.timeout(REHEARSAL_MS) // a rehearsal that fails must end the process, not keep it starting
  const [waits, ends] = [once(words, 'wake', { signal }), once(words, 'result', { signal })]
  guest.getSync('installTool', AS_REFERENCE).applySync(undefined, ['rehearsed', '{}', 'Rehearsed']) // nobody touches it
  const code = { file: 'job.js', code: REHEARSAL, importName: null }
  new ModuleGraph({ home: { isolate, context, modules: compileJobModules(isolate), table: new Map() }, code, sources: [] }).link().evaluateSync()
  await waits
  for (let ended = false; !ended;) {
    guest.getSync('tick', AS_REFERENCE).applySync(undefined, [])
    ended = await Promise.race([ends.then(() => true), new Promise<false>((resolve) => { setImmediate(resolve, false) })])
  }
  const body = isolate.compileScriptSync(REHEARSED_BODY).runSync(context, AS_REFERENCE)
  guest.getSync('startBody', AS_REFERENCE).applySync(undefined, [body.derefInto(), ''])
}
