import ivm from 'isolated-vm'
import type { Script } from './archives.ts'
import { ANSWERING, AS_REFERENCE, PLAIN_CALL } from './ivm-options.ts'

/**
 * Gives an isolate the way to its units, which it compiles by itself: its trusted core is handed the isolate and the context that it lives in, the
 * moment it first needs one.
 */
export function connectUnits (core: ivm.Reference, { isolate, context, find }: { isolate: ivm.Isolate, context: ivm.Context, find (name: string): Script | undefined }): void {
  const give = (what: unknown, name: unknown): unknown => {
    switch (what) {
      case 'isolate': return isolate
      case 'context': return context
      case 'text': return find(String(name))?.text
      default: return find(String(name))?.cache
    }
  }
  core.getSync('connectUnits', AS_REFERENCE).applySync(undefined, [new ivm.Callback(give, ANSWERING)], PLAIN_CALL)
}

/** Answers what a specifier means, while the isolate waits. */
export type AskModule = (specifier: unknown, from: unknown, how: unknown) => string

/** Gives an isolate the way to its modules. Who answers is found at each call: isolates are made before the runs that they are for. */
export function connectModules (core: ivm.Reference): { ask: AskModule } {
  const imports: { ask: AskModule } = { ask () { throw new TypeError('Cannot import: the isolate was given to no run') } }
  core.getSync('connectModules', AS_REFERENCE).applySync(undefined, [new ivm.Callback((...args: unknown[]) => imports.ask(args[0], args[1], args[2]), ANSWERING)], PLAIN_CALL)
  return imports
}
