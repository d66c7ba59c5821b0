// @ts-check
// Captured here, before user code can change them.
const { parse, stringify } = JSON

/**
 * What user code sees as `rates`.
 * @param {import('../../src/engine/guest/tools.js').ToolHost} host
 */
export default function createRates (host) {
  return {
    /** @param {number} amount @param {string} from @param {string} to */
    async convert (amount, from, to) {
      const answer = await host.call('convert', stringify({ amount, from, to }))
      return parse(answer.text)
    },
  }
}
