import type ivm from 'isolated-vm'

/** Under this name the guest leaves the function that calls the entry on the global object. It is gone before user code runs. */
export const START_NAME = 'batchbox:start'

const CAPTURE = `export const start = globalThis[${JSON.stringify(START_NAME)}]; delete globalThis[${JSON.stringify(START_NAME)}]`
const MAIN = `import { start } from 'capture'; import * as job from 'job'; start(job)`

/** The modules around user code's own. */
export interface JobModules {
  capture: ivm.Module
  main: ivm.Module
}

/**
 * Compiles the two modules that surround user code's: the first takes the guest's start function away, then user code is evaluated,
 * and the last one calls start. Nobody outside of an isolate can wait for a module's top-level `await`; an importing module does.
 */
export function compileJobModules (isolate: ivm.Isolate): JobModules {
  return { capture: isolate.compileModuleSync(CAPTURE), main: isolate.compileModuleSync(MAIN) }
}

/** Puts user code's module, which imports nothing, between the two. */
export function linkJob ({ capture, main }: JobModules, job: ivm.Module, context: ivm.Context): ivm.Module {
  main.instantiateSync(context, (specifier) => (specifier === 'job' ? job : capture))
  return main
}
