// @ts-check
import { JSONParse, JSONStringify } from '../../engine/guest/intrinsics.js'

/**
 * What user code sees as `kv`. Values are JSON; arguments are checked by the other half.
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 */
export default function createKv (host) {
  /** @param {string} method @param {object} args without a prototype: JSON would look for toJSON there */
  const ask = async (method, args) => JSONParse((await host.call(method, JSONStringify(args))).text)

  /** @param {{ ttlMs?: unknown } | undefined} options */
  const ttlOf = (options) => options === undefined ? undefined : options.ttlMs

  return {
    /** Resolves to the value; undefined where there is none. @param {unknown} key */
    async get (key) {
      const text = await ask('get', { __proto__: null, key })
      return text === null ? undefined : JSONParse(text)
    },

    /** Without a ttlMs the entry stays. @param {unknown} key @param {unknown} value @param {{ ttlMs?: unknown }} [options] */
    async set (key, value, options) {
      await ask('set', { __proto__: null, key, value, ttlMs: ttlOf(options) })
    },

    /** Resolves to whether there was an entry. @param {unknown} key */
    async delete (key) {
      return ask('delete', { __proto__: null, key })
    },

    /** Resolves to keys in their order, and where to go on. @param {{ prefix?: unknown, cursor?: unknown, limit?: unknown }} [options] */
    async list (options) {
      if (options === undefined) return ask('list', { __proto__: null })
      const { prefix, cursor, limit } = options
      return ask('list', { __proto__: null, prefix, cursor: cursor === null ? undefined : cursor, limit })
    },

    /** Adds to an integer, or to 0 where there is no entry; resolves to the sum. @param {unknown} key @param {unknown} [by] 1 unless given */
    async increment (key, by) {
      return ask('increment', { __proto__: null, key, by })
    },

    /**
     * Sets the entry if its value is the one expected, or if there is none and undefined is; resolves to whether it did.
     * @param {unknown} key @param {unknown} expected @param {unknown} value @param {{ ttlMs?: unknown }} [options]
     */
    async compareAndSet (key, expected, value, options) {
      return ask('compareAndSet', { __proto__: null, key, expected, value, ttlMs: ttlOf(options) })
    },
  }
}
