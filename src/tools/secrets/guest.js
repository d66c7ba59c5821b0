// @ts-check
import { JSONParse, JSONStringify } from '../../engine/guest/intrinsics.js'

/**
 * What user code sees as `secrets`.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 */
export default function createSecrets (host) {
  return {
    /** Resolves to the value of a secret that the job names. @param {unknown} name */
    async get (name) {
      const answer = await host.call('get', JSONStringify({ __proto__: null, name }))
      return JSONParse(answer.text)
    },
  }
}
