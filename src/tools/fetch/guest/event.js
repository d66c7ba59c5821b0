// @ts-check
import { ReflectDefineProperty } from '../../../engine/guest/intrinsics.js'
import { defineConstant, requireArguments, shapeInterface, toDictionary, toText } from '../../../engine/guest/webidl.js'

/** The guest's own, as it is before user code. */
const { now } = /** @type {any} */ (globalThis).performance
const AT_TARGET = 2

/** Makes an event that comes from the platform. @type {(type: string) => Event} */
export let buildTrusted
/** @type {(event: Event) => boolean} */
let readTrusted
/** What the dispatch of an event needs of it; undefined for what is none. @type {(value: object) => Flight | undefined} */
export let flightOf

/** An event on its way: there is no tree, so it is at its target all the time. */
class Flight {
  type
  isDispatched = false
  /** @type {object | null} */
  target = null
  /** @type {object | null} */
  currentTarget = null
  isStopped = false
  isStoppedAtOnce = false
  isCanceled = false
  isPassive = false

  /** @param {string} type */
  constructor (type) {
    this.type = type
  }
}

/** One getter for all events, which none can lose. @type {any} */
const TRUSTED = {
  __proto__: null,
  /** @this {Event} */
  get: function isTrusted () { return readTrusted(this) },
  set: undefined,
  enumerable: true,
  configurable: false,
}

/** Source: https://dom.spec.whatwg.org/#interface-event */
export class Event {
  #flight
  #bubbles
  #cancelable
  #composed
  #isTrusted = false
  #timeStamp = now()

  static {
    buildTrusted = (type) => {
      const event = new Event(type)
      event.#isTrusted = true
      return event
    }
    readTrusted = (event) => event.#isTrusted
    flightOf = (value) => #flight in value ? value.#flight : undefined
  }

  /** @param {unknown} type @param {unknown} [init] */
  constructor (type, init = undefined) {
    requireArguments(arguments.length, 1, 'Event')
    this.#flight = new Flight(toText(type))
    const options = toDictionary(init, 'The options of an event')
    this.#bubbles = !!options['bubbles']
    this.#cancelable = !!options['cancelable']
    this.#composed = !!options['composed']
    ReflectDefineProperty(this, 'isTrusted', TRUSTED)
  }

  get type () { return this.#flight.type }
  get target () { return this.#flight.target }
  get srcElement () { return this.#flight.target }
  get currentTarget () { return this.#flight.currentTarget }
  get eventPhase () { return this.#flight.isDispatched ? AT_TARGET : 0 }
  get bubbles () { return this.#bubbles }
  get cancelable () { return this.#cancelable }
  get composed () { return this.#composed }
  get defaultPrevented () { return this.#flight.isCanceled }
  get timeStamp () { return this.#timeStamp }
  get cancelBubble () { return this.#flight.isStopped }
  set cancelBubble (value) { if (value) this.#flight.isStopped = true }
  get returnValue () { return !this.#flight.isCanceled }
  set returnValue (value) { if (!value) this.#cancel() }

  composedPath () { return this.#flight.currentTarget === null ? [] : [this.#flight.currentTarget] }
  stopPropagation () { this.#flight.isStopped = true }
  stopImmediatePropagation () { this.#flight.isStopped = this.#flight.isStoppedAtOnce = true }
  preventDefault () { this.#cancel() }

  /** @param {unknown} type @param {unknown} [bubbles] @param {unknown} [cancelable] */
  initEvent (type, bubbles = false, cancelable = false) {
    requireArguments(arguments.length, 1, 'Event.initEvent')
    const text = toText(type)
    if (this.#flight.isDispatched) return
    this.#flight = new Flight(text)
    this.#isTrusted = false
    this.#bubbles = !!bubbles
    this.#cancelable = !!cancelable
  }

  #cancel () {
    if (this.#cancelable && !this.#flight.isPassive) this.#flight.isCanceled = true
  }
}
shapeInterface(Event, 'Event', [
  'type', 'target', 'srcElement', 'currentTarget', 'eventPhase', 'bubbles', 'cancelable', 'composed', 'defaultPrevented', 'timeStamp', 'cancelBubble', 'returnValue',
  'composedPath', 'stopPropagation', 'stopImmediatePropagation', 'preventDefault', 'initEvent',
])
for (const [at, name] of ['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'].entries()) defineConstant(Event, name, at)
