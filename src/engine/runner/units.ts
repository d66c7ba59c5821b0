import ivm from 'isolated-vm'
import type { Script } from './archives.ts'
import { ANSWERING, AS_REFERENCE, PLAIN_CALL } from './ivm-options.ts'

/**
 * Gives an isolate the way to its units. The function that it calls runs while the isolate waits: what it compiles is there when it returns, and
 * it answers the text alone where the isolate must not be entered.
 */
export function connectUnits (core: ivm.Reference, find: (name: string) => Script | undefined, run: (script: Script) => ivm.Reference): void {
  const receive: ivm.Reference = core.getSync('receive', AS_REFERENCE)
  const load = (name: unknown, asText: unknown): string => {
    const script = find(String(name))
    if (!script) return ''
    if (asText === true) return script.text
    receive.applySync(undefined, [run(script).derefInto()], PLAIN_CALL)
    return ''
  }
  core.getSync('connectUnits', AS_REFERENCE).applySync(undefined, [new ivm.Callback(load, ANSWERING)], PLAIN_CALL)
}
