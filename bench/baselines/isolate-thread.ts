import { parentPort } from 'node:worker_threads'
import ivm from 'isolated-vm'

const MEMORY_MB = 128

const port = parentPort

port?.on('message', ({ forMs, code }: { forMs: number, code: string }) => {
  const started = performance.now()
  let count = 0
  while (performance.now() - started < forMs) {
    runOnce(code)
    count += 1
  }
  port?.postMessage(count)
})

/** All that running code once in an isolate of its own takes, and nothing else: the synchronous calls are the fastest there are. */
function runOnce (code: string): void {
  const isolate = new ivm.Isolate({ memoryLimit: MEMORY_MB })
  const context = isolate.createContextSync()
  const module = isolate.compileModuleSync(code)
  module.instantiateSync(context, () => { throw new Error('Cannot import: there is nothing to') })
  module.evaluateSync()
  const entry = module.namespace.getSync('default', { reference: true })
  const result: unknown = entry.applySync(undefined, [1])
  if (result !== 1) throw new Error(`Cannot use result: ${String(result)}`)
  isolate.dispose()
}
