// @ts-check

/** @param {import('../../../src/engine/guest/tools.js').ToolHost} host */
export default function createNote (host) {
  return {
    /** @param {string} [text] */
    async write (text = '') { await host.call('write', JSON.stringify(text)) },
  }
}
