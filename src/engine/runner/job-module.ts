import type ivm from 'isolated-vm'

/** Under this name the guest leaves what the modules around user code need of it on the global object. It is gone before that runs. */
export const CAPTURE_NAME = 'batchbox:capture'

const NAME = JSON.stringify(CAPTURE_NAME)
const CAPTURE = `export const { start, bindImport, arrive, parseJson, useUnit } = globalThis[${NAME}]; delete globalThis[${NAME}]`
const MAIN = `import { start } from 'capture'; import * as job from 'job'; start(job)`

/** The modules around user code's own. */
export interface JobModules {
  capture: ivm.Module
  main: ivm.Module
}

/**
 * Compiles the two modules that surround user code's: the first takes what is the guest's away, then user code is evaluated,
 * and the last one calls start. Nobody outside of an isolate can wait for a module's top-level `await`; an importing module does.
 */
export function compileJobModules (isolate: ivm.Isolate): JobModules {
  return { capture: isolate.compileModuleSync(CAPTURE), main: isolate.compileModuleSync(MAIN) }
}

// What is imported from anywhere but 'capture' by modules of ours is answered by the graph that they are in.

/** A module that binds the name which stands for `import` in a file. */
export function writeBinding (file: string): string {
  return `import { bindImport } from 'capture'; const bound = bindImport(${JSON.stringify(file)}); export { bound as import }`
}

/** A module whose evaluation says that the one which it imports was evaluated. */
export function writeArrival (key: string): string {
  return `import { arrive } from 'capture'; import * as namespace from 'target'; arrive(${JSON.stringify(key)}, namespace)`
}

/** The module that a file of JSON is. A literal of its text would take \`__proto__\` for more than a name. */
export function writeJson (text: string): string {
  return `import { parseJson } from 'capture'; export default parseJson(${JSON.stringify(text)})`
}

/** The module of a unit. Its names may be words that cannot name a variable. */
export function writeUnit ({ unit, exports }: { unit: string, exports: readonly string[] }): string {
  const variables = exports.map((name, i) => `e${i} = unit[${JSON.stringify(name)}]`)
  const names = exports.map((name, i) => `e${i} as ${JSON.stringify(name)}`)
  return `import { useUnit } from 'capture'; const unit = useUnit(${JSON.stringify(unit)})${variables.map((text) => `, ${text}`).join('')}; export { ${names.join(', ')} }`
}
