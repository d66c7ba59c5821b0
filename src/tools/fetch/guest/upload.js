// @ts-check
import { TypeErrorConstructor, defineHidden, safe, stringSlice } from '../../../engine/guest/intrinsics.js'

/** The body of a request on its way: with the request where it is small and at hand, and else part by part beside it. */
export class Upload {
  #exchange
  #partBytes
  /** @type {import('../../../engine/guest/web/streams.js').Source} */
  #source
  #isOver = false
  /** What goes with the request; null if it goes part by part. @type {string | null} */
  whole = null
  /** Bytes in all, where that is known. @type {number | null} */
  length = null

  /** @param {import('./exchange.js').Exchange} exchange @param {import('../../../engine/guest/web/body.js').Body} body used from now on @param {number} partBytes most that one call takes */
  constructor (exchange, body, partBytes) {
    this.#exchange = exchange
    this.#partBytes = partBytes
    if (body.bytes !== null) {
      this.length = body.bytes.length
      if (this.length <= partBytes) this.whole = body.bytes
    }
    this.#source = body.open()
  }

  /** Sends what does not go with the request, each part when the one before it was taken. Never rejects. */
  async send () {
    if (this.whole !== null) return
    for (;;) {
      const part = await safe(this.#read())
      if (this.#isOver) return
      if (part === null) return void await safe(this.#write('', true))
      for (let from = 0; from < part.length; from += this.#partBytes) {
        if (!await safe(this.#write(stringSlice(part, from, from + this.#partBytes), false))) return this.cancel(undefined)
      }
    }
  }

  /** @param {unknown} reason */
  cancel (reason) {
    if (this.#isOver) return
    this.#isOver = true
    this.#source.cancel(reason)
  }

  async #read () {
    try {
      return await safe(this.#source.read())
    } catch (error) {
      if (this.#isOver) return null
      this.#isOver = true
      const failure = new TypeErrorConstructor('Cannot send request: its body failed')
      defineHidden(failure, 'cause', error)
      this.#exchange.abort(failure)
      this.#source.cancel(error)
      return null
    }
  }

  /** Why a part could not be sent is told by the request itself. @param {string} part @param {boolean} isLast */
  async #write (part, isLast) {
    try {
      return await safe(this.#exchange.write(part, isLast))
    } catch {
      return false
    }
  }
}
