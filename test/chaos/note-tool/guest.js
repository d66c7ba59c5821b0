// @ts-check

/** @param {import('../../../src/engine/guest/tools.js').ToolHost} host */
export default function createNote (host) {
  return {
    async write () { await host.call('write', 'null') },
  }
}
