import { once } from 'node:events'
import ivm from 'isolated-vm'
import type { GuestScripts } from '../../core/runner-protocol.ts'
import { buildGuestSettings, REHEARSAL_LIMITS } from './guest-settings.ts'
import { AS_REFERENCE, GIVES_REFERENCE, ONE_WAY } from './ivm-options.ts'
import { connectUnits } from './units.ts'
import { compileJobModules, linkJob } from './job-module.ts'

/** Name of the guest's script, in stacks that are cut before anybody reads them. */
export const GUEST_FILE = 'batchbox:guest'

const MEMORY_MB = 64
const REHEARSAL_MS = 5000

/** Uses what most jobs use, so that V8 compiles it. */
const REHEARSAL = `
  console.log('text %d', 1, { list: [1, 'two'], nested: { map: new Map([[1, new Set([2])]]) } }, new Error('stack'))
  export default async (input, context) => {
    context.progress(0.5, 'half')
    await new Promise((resolve) => setTimeout(resolve))
    return { input, list: [input] }
  }`

/** What V8 compiled of a script, in a form that another isolate takes. */
export type CodeCache = ivm.ExternalCopy<ArrayBuffer>
type CachedScript = ivm.Script & { cachedData?: ivm.ExternalCopy<ArrayBuffer> } // left out of the library's types

/**
 * Makes V8's code caches of the guest's script and of the guest halves of tools. A cache made at first sight holds little but the outermost
 * function, and every isolate would compile the rest again as it is called: so a job is played first, and the script then compiled once more
 * in the same isolate, where V8 finds it again with all that has run. Only trusted code is compiled here.
 */
export async function makeCodeCaches (scripts: GuestScripts): Promise<{ main: CodeCache, tools: Map<string, CodeCache> }> {
  const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MB })
  const context = isolate.createContextSync()
  const guest = runScript(isolate, context, scripts.main)
  connectUnits(guest, (name) => runScript(isolate, context, scripts.units[name] ?? ''))
  await rehearse(isolate, context, guest)
  const instantiate: ivm.Reference = guest.getSync('instantiate', AS_REFERENCE)
  for (const [name, text] of Object.entries(scripts.tools)) rehearseTool(name, instantiate.applySync(undefined, [runScript(isolate, context, text).derefInto()], GIVES_REFERENCE))
  const caches = { main: cacheOf(isolate, scripts.main), tools: new Map<string, CodeCache>() }
  for (const [name, text] of Object.entries(scripts.tools)) caches.tools.set(name, cacheOf(isolate, text))
  isolate.dispose()
  return caches
}

/** A guest half may export what plays its own part of a job; all of it happens within the call, and the microtasks behind it. */
function rehearseTool (name: string, exports: ivm.Reference): void {
  const play = exports.getSync('rehearse', AS_REFERENCE)
  if (play.typeof !== 'function') return
  try {
    play.applySync(undefined, [], { timeout: REHEARSAL_MS })
  } catch (error) {
    throw new Error(`Cannot serve: the guest half of tool "${name}" fails when it rehearses: ${String(error)}`, { cause: error })
  }
}

function runScript (isolate: ivm.Isolate, context: ivm.Context, text: string): ivm.Reference {
  return isolate.compileScriptSync(text, { filename: GUEST_FILE }).runSync(context, AS_REFERENCE)
}

function cacheOf (isolate: ivm.Isolate, text: string): CodeCache {
  const { cachedData }: CachedScript = isolate.compileScriptSync(text, { filename: GUEST_FILE, produceCachedData: true })
  if (!cachedData) throw new Error('Cannot serve: V8 made no code cache of the guest')
  return cachedData
}

async function rehearse (isolate: ivm.Isolate, context: ivm.Context, guest: ivm.Reference): Promise<void> {
  const words = new EventTarget()
  const hear = new ivm.Callback((type: unknown) => { words.dispatchEvent(new Event(String(type))) }, ONE_WAY)
  const call = (name: string, ...args: unknown[]): unknown => guest.getSync(name, AS_REFERENCE).applySync(undefined, args)
  call('prepare', hear, buildGuestSettings(REHEARSAL_LIMITS, null), 'default', '1', '{"tags":{}}')
  const signal = AbortSignal.timeout(REHEARSAL_MS) // a rehearsal that fails must end the runner, not keep it starting
  const [waits, ends] = [once(words, 'wake', { signal }), once(words, 'result', { signal })]
  const job = isolate.compileModuleSync(REHEARSAL, { filename: 'job.js' })
  linkJob(compileJobModules(isolate), job, context).evaluateSync()
  await waits
  for (let ended = false; !ended;) {
    call('tick')
    ended = await Promise.race([ends.then(() => true), new Promise<false>((resolve) => { setImmediate(resolve, false) })])
  }
}
