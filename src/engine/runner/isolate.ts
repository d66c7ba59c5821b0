import { writeSync } from 'node:fs'
import ivm from 'isolated-vm'
import { CORE_SCRIPT, type ToolScripts } from '../../core/runner-protocol.ts'
import type { ModuleTable, Script, Scripts } from './archives.ts'
import { cacheTools, runScript } from './code-cache.ts'
import { AS_REFERENCE, buildOptions } from './ivm-options.ts'
import { compileJobModules, type JobModules } from './job-module.ts'
import { type AskModule, connectModules, connectUnits } from './units.ts'

const STDERR = 2

/** An isolate with the trusted guest inside, for one run only. */
export interface WarmIsolate {
  readonly isolate: ivm.Isolate
  readonly context: ivm.Context
  readonly memoryMb: number
  /** What making it cost, in milliseconds. */
  readonly bootMs: number
  /** CPU milliseconds that the guest itself used up to here. */
  readonly bootCpuMs: number
  readonly guest: Readonly<Record<'prepare' | 'tick' | 'installTool' | 'deliver' | 'feed' | 'written' | 'nudge' | 'abort' | 'rejectImport' | 'startBody', ivm.Reference>>
  /** Compiled when they are first read: most bodies of functions need none. */
  readonly modules: JobModules
  /** What code may import besides its own files. */
  readonly table: ModuleTable
  /** Who answers what a specifier means: the run that this isolate is given to. */
  readonly imports: { ask: AskModule }
}

/**
 * Makes isolates whose heap is bounded, with nothing in them but the language and the guest. Whoever takes one disposes of it. Code
 * caches are made of trusted code alone: those of tools here, before this process ever sees any other, all else before it was started.
 * `onLost` hears that V8 lost control of one, which ends the process unless given.
 */
export function createIsolateMaker (scripts: Scripts, tools: ToolScripts, onLost: (message: string) => void = abort): (memoryMb: number) => WarmIsolate {
  const halves = cacheTools(scripts, tools)
  const find = (name: string): Script | undefined => halves.get(name) ?? scripts.find(name)

  return (memoryMb) => {
    const begun = performance.now()
    const isolate = new ivm.Isolate(buildOptions({ memoryLimit: memoryMb, inspector: false, onCatastrophicError: onLost }))
    const context = isolate.createContextSync()
    const core = runScript(isolate, context, scripts.find(CORE_SCRIPT))
    const exported = (name: string): ivm.Reference => core.getSync(name, AS_REFERENCE)
    const guest = Object.freeze({
      prepare: exported('prepare'), tick: exported('tick'), installTool: exported('installTool'), deliver: exported('deliver'),
      feed: exported('feed'), written: exported('written'), nudge: exported('nudge'), abort: exported('abort'), rejectImport: exported('rejectImport'), startBody: exported('startBody'),
    })
    connectUnits(core, { isolate, context, find })
    const imports = connectModules(core)
    let modules: JobModules | undefined
    return {
      isolate, context, memoryMb, guest, imports, table: scripts.modules, bootMs: performance.now() - begun, bootCpuMs: readCpuMs(isolate),
      get modules () { return modules ??= compileJobModules(isolate) },
    }
  }
}

/** Milliseconds that an isolate executed so far, waits for a processor included. It can be read while it is busy, but not once it is disposed of. */
export function readCpuMs (isolate: ivm.Isolate): number {
  return Number(isolate.cpuTime) / 1e6
}

/** An isolate whose run is over may be busy all the same, with callbacks of a FinalizationRegistry. */
const HEAP_MS = 20

/** Bytes an isolate holds: its heap as committed, and buffers outside of it. 0 when it is gone, or too busy to tell. */
export async function readHeapBytes (isolate: ivm.Isolate): Promise<number> {
  let late: NodeJS.Timeout | undefined
  const giveUp = new Promise<undefined>((resolve) => { late = setTimeout(resolve, HEAP_MS, undefined) })
  try {
    const heap = await Promise.race([isolate.getHeapStatistics(), giveUp])
    return heap ? heap.total_heap_size + heap.externally_allocated_size : 0
  } catch {
    return 0
  } finally {
    clearTimeout(late)
  }
}

/** V8 lost control of an isolate: nothing in this process can be trusted to go on. Its last words are evidence. */
function abort (message: string): void {
  writeSync(STDERR, `V8: ${message}\n`)
  process.kill(process.pid, 'SIGKILL')
}
