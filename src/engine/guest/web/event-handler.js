// @ts-check
import { ReflectApply } from '../intrinsics.js'
import { isObject } from '../webidl.js'
import { flightOf } from './event.js'
import { addListener, removeListener } from './event-target.js'

const OPTIONS = { capture: false, once: false, passive: false }

/** An attribute such as `onabort`, which listens as long as it has a value. Source: https://html.spec.whatwg.org/#event-handler-attributes */
export class EventHandler {
  #target
  #type
  /** @type {object | null} */
  #value = null
  /** @type {ReturnType<typeof addListener>} */
  #listener = null

  /** @param {object} target @param {string} type */
  constructor (target, type) {
    this.#target = target
    this.#type = type
  }

  get value () { return this.#value }

  /** What is no object stands for null. */
  set value (value) {
    this.#value = isObject(value) ? value : null
    if (this.#value !== null) this.#listener ??= addListener(this.#target, this.#type, (/** @type {object} */ event) => this.#handle(event), OPTIONS)
    else if (this.#listener !== null) {
      removeListener(this.#target, this.#listener)
      this.#listener = null
    }
  }

  /** @param {object} event */
  #handle (event) {
    if (typeof this.#value === 'function' && ReflectApply(this.#value, this.#target, [event]) === false) flightOf(event)?.cancel()
  }
}
