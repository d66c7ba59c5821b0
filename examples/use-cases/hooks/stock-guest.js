// @ts-check
// Captured here, before customers' code can change them.
const { parse, stringify } = JSON

/**
 * What hooks see as `stock`.
 * @param {import('../../../src/engine/guest/tools.js').ToolHost} host
 */
export default function createStock (host) {
  return {
    /** @param {string} article */
    async left (article) {
      return parse((await host.call('left', stringify({ article }))).text)
    },
  }
}
