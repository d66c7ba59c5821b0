// @ts-check
import { JSONParse, JSONStringify, TypeErrorConstructor } from './intrinsics.js'
import { freeze } from './tools.js'

/**
 * What user code sees as `context.checkpoint`.
 * @param {import('./tools.js').ToolHost} host
 */
export function createCheckpoint (host) {
  return freeze({
    /** Resolves when the state is kept for the next run of the job. @param {unknown} state */
    async save (state) {
      const text = JSONStringify(state)
      if (typeof text !== 'string') throw new TypeErrorConstructor('Cannot save the checkpoint: the state has no JSON form')
      await host.call('save', text)
    },

    /** Resolves with the state that was saved last, by any run of the job; undefined where there is none. */
    async load () {
      const { text } = await host.call('load', 'null')
      const json = JSONParse(text)
      return json === null ? undefined : JSONParse(json)
    },
  })
}
