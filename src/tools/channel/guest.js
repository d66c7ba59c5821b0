// @ts-check
import {
  JSONParse, JSONStringify, ObjectCreate, ObjectFreeze, StringConstructor, TypeErrorConstructor, append,
} from '../../engine/guest/intrinsics.js'

/**
 * What user code sees as `channel`. Lists of listeners are never changed, but replaced: one that is being gone through stays as it was.
 * @typedef {(data: unknown, info: { topic: string, dropped: number }) => unknown} Listener
 * @typedef {{ listeners: Listener[], ready: Promise<unknown> }} Topic
 *
 * @param {import('../../engine/guest/tools.js').ToolHost} host
 */
export default function createChannel (host) {
  /** @type {Record<string, Topic>} */
  const topics = ObjectCreate(null)
  let count = 0
  let isPulling = false

  /** Hands over what comes, as long as somebody listens. */
  async function pull () {
    isPulling = true
    try {
      while (count > 0) {
        const { text } = await host.pull('next', 'null')
        const messages = JSONParse(text)
        for (let i = 0; i < messages.length; i++) {
          tell(messages[i][0], messages[i][1], messages[i][2])
          await undefined // what one message brought about happens before the next
        }
      }
    } catch (thrown) {
      host.run(() => { throw thrown }, [])
    }
    isPulling = false
  }

  /** @param {string} name @param {string} text @param {number} dropped */
  function tell (name, text, dropped) {
    const topic = topics[name]
    if (topic === undefined) return
    const data = JSONParse(text)
    const info = ObjectFreeze({ topic: name, dropped })
    const { listeners } = topic
    for (let i = 0; i < listeners.length; i++) host.run(/** @type {Listener} */ (listeners[i]), [data, info])
  }

  /** @param {string} name @param {Listener[]} listeners */
  function replace (name, listeners) {
    const topic = topics[name]
    if (topic === undefined) return
    topic.listeners = listeners
    if (listeners.length > 0) return
    delete topics[name]
    count--
  }

  return {
    /** Resolves when the message is on its way to everybody who listens at this moment, but not to this job. @param {unknown} topic @param {unknown} data */
    async emit (topic, data) {
      const text = JSONStringify(data)
      if (typeof text !== 'string') throw new TypeErrorConstructor('Cannot emit: the data has no JSON form')
      await host.call('emit', JSONStringify({ __proto__: null, topic: StringConstructor(topic), data: text }))
    },

    /**
     * Resolves when what is emitted from then on will be heard. A listener is heard once, however often it is given.
     * @param {unknown} topic @param {Listener} listener
     */
    async on (topic, listener) {
      if (typeof listener !== 'function') throw new TypeErrorConstructor('Cannot listen: the listener is not a function')
      const name = StringConstructor(topic)
      const known = topics[name]
      if (known === undefined) {
        topics[name] = { listeners: [listener], ready: host.call('listen', writeTopic(name)) } // which may throw
        count++
      } else {
        replace(name, including(known.listeners, listener))
      }
      const { ready } = /** @type {Topic} */ (topics[name])
      if (!isPulling) void pull()
      try {
        await ready
      } catch (thrown) {
        if (topics[name]?.ready === ready) replace(name, [])
        throw thrown
      }
    },

    /** Ends one listener of a topic, or all of them. @param {unknown} topic @param {Listener} [listener] */
    async off (topic, listener) {
      const name = StringConstructor(topic)
      const known = topics[name]
      if (known === undefined) return
      replace(name, listener === undefined ? [] : without(known.listeners, listener))
      if (topics[name] === undefined) await host.call('ignore', writeTopic(name))
    },
  }
}

/** @param {string} topic */
function writeTopic (topic) {
  return JSONStringify({ __proto__: null, topic })
}

/** @param {Listener[]} listeners @param {Listener} listener */
function without (listeners, listener) {
  /** @type {Listener[]} */
  const others = []
  for (let i = 0; i < listeners.length; i++) if (listeners[i] !== listener) append(others, /** @type {Listener} */ (listeners[i]))
  return others
}

/** @param {Listener[]} listeners @param {Listener} listener */
function including (listeners, listener) {
  const others = without(listeners, listener)
  if (others.length < listeners.length) return listeners
  append(others, listener)
  return others
}
