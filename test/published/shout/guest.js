// @ts-check
const { parse, stringify } = JSON

/** @param {{ call: (method: string, args: string) => Promise<{ text: string }> }} host */
export default function createShout (host) {
  return async (/** @type {string} */ text) => parse((await host.call('say', stringify({ text }))).text)
}
