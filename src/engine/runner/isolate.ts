import ivm from 'isolated-vm'
import { loadGuestSources } from './guest-sources.ts'

const MAIN = './main.js'
const sources = loadGuestSources()
/** V8's code cache of each guest module: made by this process from its own files, before it ever sees user code. */
const codeCache = new Map<string, ivm.ExternalCopy<ArrayBuffer>>()

/** An isolate with the trusted guest inside, for one run only. */
export interface WarmIsolate {
  readonly isolate: ivm.Isolate
  readonly context: ivm.Context
  readonly memoryMb: number
  /** What making it cost, in milliseconds. */
  readonly bootMs: number
  /** CPU milliseconds that the guest itself used up to here. */
  readonly bootCpuMs: number
  readonly guest: Readonly<Record<'prepare' | 'start' | 'tick', ivm.Reference>>
}

/** Makes an isolate whose heap is bounded, with nothing in it but the language and the guest. The caller disposes of it. */
export function createWarmIsolate (memoryMb: number): WarmIsolate {
  const begun = performance.now()
  const isolate = new ivm.Isolate({ memoryLimit: memoryMb, onCatastrophicError: abort })
  const context = isolate.createContextSync()
  const modules = new Map(sources.entries().map(([name, source]) => [`./${name}`, compileCached(isolate, name, source)]))
  const main = modules.get(MAIN)!
  main.instantiateSync(context, (specifier) => modules.get(specifier)!) // the guest imports only its own files
  main.evaluateSync()
  const exported = (name: string): ivm.Reference => main.namespace.getSync(name, Object.freeze({ reference: true }))
  const guest = Object.freeze({ prepare: exported('prepare'), start: exported('start'), tick: exported('tick') })
  return { isolate, context, memoryMb, guest, bootMs: performance.now() - begun, bootCpuMs: cpuMs(isolate) }
}

/** CPU milliseconds an isolate used so far. It can be read while the isolate is busy, but not once it is disposed of. */
export function cpuMs (isolate: ivm.Isolate): number {
  return Number(isolate.cpuTime) / 1e6
}

function compileCached (isolate: ivm.Isolate, name: string, source: string): ivm.Module {
  const cached = codeCache.get(name)
  const filename = `batchbox:guest/${name}`
  if (cached) return isolate.compileModuleSync(source, { filename, cachedData: cached })
  const compiled = isolate.compileModuleSync(source, { filename, produceCachedData: true }) as ivm.Module & { cachedData?: ivm.ExternalCopy<ArrayBuffer> } // left out of the library's types
  if (compiled.cachedData) codeCache.set(name, compiled.cachedData)
  return compiled
}

/** Bytes an idle isolate holds: its heap as committed, and buffers outside of it. 0 when it is gone. */
export function heapBytes (isolate: ivm.Isolate): number {
  try {
    const heap = isolate.getHeapStatisticsSync()
    return heap.total_heap_size + heap.externally_allocated_size
  } catch {
    return 0
  }
}

/** V8 lost control of an isolate: nothing in this process can be trusted to go on. */
function abort (): void {
  process.kill(process.pid, 'SIGKILL')
}
