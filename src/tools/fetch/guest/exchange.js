// @ts-check
import {
  JSONParse, JSONStringify, PromiseConstructor, ReflectSetPrototypeOf, TypeErrorPrototype, defineHidden, ownValue, safe, stringIndexOf, stringSlice,
} from '../../../engine/guest/intrinsics.js'

/**
 * @typedef {{ status: number, statusText: string, url: string, redirected: boolean, headers: [string, string][], ended: boolean }} Head
 * @typedef {import('../../../engine/guest/tools.js').ToolHost} ToolHost
 */

let lastId = 0

/**
 * One request, as the host half sees it, and the response to it. Whatever waits when it is aborted is rejected at once; what the host half
 * answers later goes nowhere.
 */
export class Exchange {
  #host
  #id = ++lastId
  /** Rejects the call that waits. @type {((reason: unknown) => void) | null} */
  #reject = null
  #isAborted = false
  /** @type {unknown} */
  #reason = undefined
  /** Bytes of the response that came and nobody has read. @type {string} */
  #part = ''
  #isEnded = false
  /** Called when nothing follows. @type {() => void} */
  #onEnd = () => {}
  /** Called when nothing comes any more although nobody read it all. @type {(reason: unknown) => void} */
  #onFailure = () => {}

  /** @param {ToolHost} host */
  constructor (host) {
    this.#host = host
  }

  /** @param {() => void} act */
  set onEnd (act) { this.#onEnd = act }

  /** Sends the request; answers the response's head. @param {Record<string, unknown>} request without a prototype, like everything in it @param {string} bytes @returns {Promise<Head>} */
  async open (request, bytes) {
    request['id'] = this.#id
    const answer = await safe(this.#call('open', JSONStringify(request), bytes))
    const head = JSONParse(answer.text)
    ReflectSetPrototypeOf(head, null) // a promise asks what it is resolved with for `then`
    this.#take(answer.bytes, head.ended)
    return head
  }

  /** Resolves to false when the server wants no more. @param {string} bytes @param {boolean} isLast */
  async write (bytes, isLast) {
    const answer = await safe(this.#host.call('write', `{"id":${this.#id},"end":${isLast}}`, bytes))
    return JSONParse(answer.text).taken
  }

  /** The next part of the response's body, or null when there is none. @returns {Promise<string | null>} */
  async read () {
    if (this.#isAborted) throw this.#reason
    if (this.#part === '' && !this.#isEnded) {
      const answer = await safe(this.#call('read', `{"id":${this.#id}}`, ''))
      this.#take(answer.bytes, JSONParse(answer.text).ended)
    }
    const part = this.#part
    this.#part = ''
    if (this.#isEnded) this.#onEnd()
    return part === '' && this.#isEnded ? null : part
  }

  /** @param {unknown} reason that whoever waits hears */
  abort (reason) {
    if (this.#isAborted) return
    this.#end(reason)
    this.#reject?.(reason)
    if (!this.#isEnded) void this.#close()
  }

  /** @param {(reason: unknown) => void} act */
  watch (act) { this.#onFailure = act }

  /** Nobody wants the rest of the response. @param {unknown} reason */
  cancel (reason) {
    this.abort(reason)
  }

  /** Nothing comes any more, and who reads hears why. The host half forgets a request that failed. @param {unknown} reason */
  #end (reason) {
    this.#isAborted = true
    this.#reason = reason
    this.#onEnd()
    this.#onFailure(reason)
  }

  /** @param {string} bytes @param {boolean} isEnded */
  #take (bytes, isEnded) {
    this.#part = bytes
    this.#isEnded = isEnded
  }

  async #close () {
    try {
      await safe(this.#host.call('close', `{"id":${this.#id}}`))
    } catch {} // the run has made all the calls it may
  }

  /** @param {string} method @param {string} args @param {string} bytes @returns {Promise<import('../../../engine/guest/tools.js').Answer>} */
  #call (method, args, bytes) {
    const call = this.#host.call(method, args, bytes) // here, so that the error's stack has the frames of who asked
    return safe(new PromiseConstructor((/** @type {(answer: any) => void} */ resolve, /** @type {(reason: unknown) => void} */ reject) => {
      this.#reject = reject
      void settle(call, resolve, (error) => {
        const failure = toNetworkError(error)
        this.#end(failure)
        reject(failure)
      })
    }))
  }
}

/** @param {Promise<unknown>} call @param {(answer: unknown) => void} resolve @param {(error: any) => void} reject */
async function settle (call, resolve, reject) {
  try {
    resolve(await safe(call))
  } catch (error) {
    reject(error)
  }
}

/**
 * What the standard calls a network error is a TypeError. It stays the object that the guest knows, so that its code is the run's if nobody
 * catches it. @param {any} error
 */
function toNetworkError (error) {
  if (typeof ownValue(error, 'code') !== 'string') return error
  ReflectSetPrototypeOf(error, TypeErrorPrototype)
  defineHidden(error, 'name', 'TypeError')
  const { stack } = error
  defineHidden(error, 'stack', `TypeError${stringSlice(stack, stringIndexOf(stack, ':'))}`)
  return error
}
