import type ivm from 'isolated-vm'
import type { JobModule } from '../../core/runner-protocol.ts'
import type { WarmIsolate } from './isolate.ts'
import { buildOptions } from './ivm-options.ts'

/**
 * Compiles code that is the body of a function, and answers that function; where it imports modules, one that makes it, given its `import`. It is made in the global scope, where nothing is that user code may not have,
 * and none of the code is executed: the compiler has seen that it is a body by itself. The line before it is no line of the user's.
 */
export function compileBody (warm: Pick<WarmIsolate, 'isolate' | 'context' | 'modules'>, { file, code, importName }: JobModule, timeoutMs: number): ivm.Reference {
  const { isolate, context } = warm
  if (importName !== null) {
    const { capture } = warm.modules
    capture.instantiateSync(context, refuse)
    capture.evaluateSync() // what modules that the body imports need of the guest
  }
  const scope = importName === null ? '' : `(${importName}) => ` // where no name or `arguments` of the user's leads to it
  const script = isolate.compileScriptSync(`(${scope}async function (input) {\n${code}\n})`, buildOptions({ filename: file, lineOffset: -1, columnOffset: 0, produceCachedData: false }))
  return script.runSync(context, buildOptions<{ reference: true }>({ timeout: timeoutMs, release: true, copy: false, externalCopy: false, promise: false, reference: true }))
}

function refuse (): never {
  throw new TypeError('Cannot link: the module imports nothing')
}
