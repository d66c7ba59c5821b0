import { fileURLToPath } from 'node:url'
import { type RunOptions, startEngine, type TestEngine } from '../../../helpers/engine.ts'

const TOOL = fileURLToPath(new URL('./scripted-tool.ts', import.meta.url))

/** An engine whose fetch has a host half that does what URLs say, and code that runs with it. */
export interface ScriptedFetch {
  run: TestEngine['run']
  /** Runs the body of an async function; answers what it returns. */
  inside (body: string, options?: RunOptions): Promise<unknown>
  failureOf (body: string, options?: RunOptions): ReturnType<TestEngine['failureOf']>
}

/** To be called at the top of a test file. */
export async function startScripted (): Promise<ScriptedFetch> {
  const { run, resultOf, failureOf } = await startEngine({ lanes: 1, tools: { own: `fetch=${TOOL}`, config: '{}' } })
  const wrap = (body: string) => `
    const nameOf = async (attempt) => { try { await attempt(); return 'no error' } catch (error) { return error?.name ?? error } }
    const base = 'http://host.test'
    export default async (input, context) => { ${body} }`
  return {
    run,
    inside: (body, options) => resultOf(wrap(body), { tools: ['fetch'], ...options }),
    failureOf: (body, options) => failureOf(wrap(body), { tools: ['fetch'], ...options }),
  }
}
