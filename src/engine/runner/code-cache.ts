import { once } from 'node:events'
import ivm from 'isolated-vm'
import { compileJobModules, linkJob } from './job-module.ts'

/** Name of the guest's script, in stacks that are cut before anybody reads them. */
export const GUEST_FILE = 'batchbox:guest'

const MEMORY_MB = 64
const REHEARSAL_MS = 5000
const SETTINGS = JSON.stringify({ timers: 1, resultBytes: 1024, budget: { headLines: 100, headBytes: 10_000, tailLines: 1, tailBytes: 1 } })

/** Uses what most jobs use, so that V8 compiles it. */
const REHEARSAL = `
  console.log('text %d', 1, { list: [1, 'two'], nested: { map: new Map([[1, new Set([2])]]) } }, new Error('stack'))
  export default async (input, context) => {
    context.progress(0.5, 'half')
    await new Promise((resolve) => setTimeout(resolve))
    return { input, list: [input] }
  }`

type CachedScript = ivm.Script & { cachedData?: ivm.ExternalCopy<ArrayBuffer> } // left out of the library's types

/**
 * Makes V8's code cache of the guest's script. A cache made at first sight holds little but the outermost function, and every isolate
 * would compile the rest again as it is called: so a job is played first, and the script then compiled once more in the same isolate,
 * where V8 finds it again with all that has run. Only trusted code is compiled here.
 */
export async function makeCodeCache (guestText: string): Promise<ivm.ExternalCopy<ArrayBuffer>> {
  const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MB })
  const context = await isolate.createContext()
  const script = await isolate.compileScript(guestText, { filename: GUEST_FILE })
  const guest: ivm.Reference = await script.run(context, { reference: true })
  await rehearse(isolate, context, guest)
  const { cachedData }: CachedScript = await isolate.compileScript(guestText, { filename: GUEST_FILE, produceCachedData: true })
  isolate.dispose()
  if (!cachedData) throw new Error('Cannot serve: V8 made no code cache of the guest')
  return cachedData
}

async function rehearse (isolate: ivm.Isolate, context: ivm.Context, guest: ivm.Reference): Promise<void> {
  const words = new EventTarget()
  const hear = new ivm.Callback((type: unknown) => { words.dispatchEvent(new Event(String(type))) }, { ignored: true })
  const call = async (name: string, ...args: unknown[]) => (await guest.get(name, { reference: true })).apply(undefined, args)
  await call('prepare', hear, SETTINGS, 'default', '1', '{"tags":{}}')
  const signal = AbortSignal.timeout(REHEARSAL_MS) // a rehearsal that fails must end the runner, not keep it starting
  const [waits, ends] = [once(words, 'wake', { signal }), once(words, 'result', { signal })]
  const job = await isolate.compileModule(REHEARSAL, { filename: 'job.js' })
  await linkJob(compileJobModules(isolate), job, context).evaluate()
  await waits
  for (let ended = false; !ended;) {
    await call('tick')
    ended = await Promise.race([ends.then(() => true), new Promise<false>((resolve) => { setImmediate(resolve, false) })])
  }
}
