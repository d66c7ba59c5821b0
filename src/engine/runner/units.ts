import ivm from 'isolated-vm'
import { ANSWERING, AS_REFERENCE, PLAIN_CALL } from './ivm-options.ts'

/** Gives an isolate the way to its units. The function that it calls runs while the isolate waits: what it compiles is there when it returns. */
export function connectUnits (core: ivm.Reference, run: (name: string) => ivm.Reference): void {
  const receive: ivm.Reference = core.getSync('receive', AS_REFERENCE)
  const load = (name: unknown): void => { receive.applySync(undefined, [run(String(name)).derefInto()], PLAIN_CALL) }
  core.getSync('connectUnits', AS_REFERENCE).applySync(undefined, [new ivm.Callback(load, ANSWERING)], PLAIN_CALL)
}
