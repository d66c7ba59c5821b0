import { EMPTY_USAGE } from '../../core/outcome.ts'
import { type CompilerConfig, createCompiler } from '../compiler-client.ts'
import { epochMs } from '../epoch.ts'
import type { Plugin } from '../plugin.ts'

/** Compiles the code of a run. Code that does not compile ends the run with its own failure. */
export function loader (config: Partial<CompilerConfig>): Plugin {
  return {
    name: 'loader',
    setup (api) {
      const compiler = createCompiler(config)
      api.onClose(() => compiler.close())
      api.on('onLoad', async (run) => {
        if (run.outcome) return
        const startMs = epochMs()
        const answer = await compiler.compile(run.request)
        run.spans.push({ name: 'compile', startMs, endMs: epochMs() })
        if (answer.type === 'compiled') run.compiled = answer
        else run.outcome = { type: 'failed', error: answer.failure, usage: EMPTY_USAGE }
      })
    },
  }
}
