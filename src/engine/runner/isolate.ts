import ivm from 'isolated-vm'

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

type CachedScript = ivm.Script & { cachedData?: ivm.ExternalCopy<ArrayBuffer> } // left out of the library's types

/**
 * Makes isolates whose heap is bounded, with nothing in them but the language and the guest. Whoever takes one disposes of it. The
 * guest's code cache is made here, from the first compilation, before this process ever sees user code.
 */
export function createIsolateMaker (guestText: string): (memoryMb: number) => WarmIsolate {
  let cachedData: ivm.ExternalCopy<ArrayBuffer> | undefined

  return (memoryMb) => {
    const begun = performance.now()
    const isolate = new ivm.Isolate({ memoryLimit: memoryMb, onCatastrophicError: abort })
    const context = isolate.createContextSync()
    const script: CachedScript = isolate.compileScriptSync(guestText, { filename: 'batchbox:guest', ...(cachedData ? { cachedData } : { produceCachedData: true }) })
    cachedData ??= script.cachedData
    const exports: ivm.Reference = script.runSync(context, { reference: true })
    const exported = (name: string): ivm.Reference => exports.getSync(name, { reference: true })
    const guest = Object.freeze({ prepare: exported('prepare'), start: exported('start'), tick: exported('tick') })
    return { isolate, context, memoryMb, guest, bootMs: performance.now() - begun, bootCpuMs: cpuMs(isolate) }
  }
}

/** CPU milliseconds an isolate used so far. It can be read while the isolate is busy, but not once it is disposed of. */
export function cpuMs (isolate: ivm.Isolate): number {
  return Number(isolate.cpuTime) / 1e6
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
