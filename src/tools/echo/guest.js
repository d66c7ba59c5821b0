// @ts-check
import { JSONParse, JSONStringify, StringConstructor } from '../../engine/guest/intrinsics.js'

/**
 * What user code sees as `echo`.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 */
export default function createEcho (host) {
  return {
    /** Resolves to the text it is given. Arguments have no prototype: JSON would look for toJSON there. @param {unknown} text */
    async say (text) {
      const answer = await host.call('say', JSONStringify({ __proto__: null, text: StringConstructor(text) }))
      return JSONParse(answer.text)
    },
  }
}
