// @ts-check
import { ReflectDefineProperty, ReflectGetOwnPropertyDescriptor, ReflectSetPrototypeOf } from '../intrinsics.js'
import { now } from '../clock.js'
import { markNative } from '../native-code.js'
import { defineConstant, requireArguments, shapeInterface, toDictionary, toText } from '../webidl.js'

const AT_TARGET = 2

/** What is known of an event, out of reach of user code. There is no tree: an event is at its target all the time. */
class Flight {
  type = ''
  bubbles = false
  cancelable = false
  composed = false
  isTrusted = false
  timeStamp = now()
  isDispatched = false
  /** @type {object | null} */
  target = null
  /** @type {object | null} */
  currentTarget = null
  isStopped = false
  isStoppedAtOnce = false
  isCanceled = false
  isPassive = false

  /** Source: https://dom.spec.whatwg.org/#concept-event-initialize @param {string} type @param {boolean} bubbles @param {boolean} cancelable */
  initialize (type, bubbles, cancelable) {
    this.isStopped = this.isStoppedAtOnce = this.isCanceled = this.isTrusted = false
    this.target = null
    this.type = type
    this.bubbles = bubbles
    this.cancelable = cancelable
  }

  cancel () {
    if (this.cancelable && !this.isPassive) this.isCanceled = true
  }
}

/** What the dispatch of an event needs of it; undefined for what is none. @type {(value: object) => Flight | undefined} */
export let flightOf
/** @type {(value: any) => boolean} */
let readTrusted

/** One getter for all events, which none can lose. @type {any} */
const TRUSTED = ReflectGetOwnPropertyDescriptor({
  get isTrusted () { return readTrusted(this) },
}, 'isTrusted')
TRUSTED.configurable = false
ReflectSetPrototypeOf(TRUSTED, null)
markNative(TRUSTED.get)

/** Source: https://dom.spec.whatwg.org/#interface-event */
export class Event {
  #flight = new Flight()

  static {
    flightOf = (value) => #flight in value ? value.#flight : undefined
    readTrusted = (value) => value.#flight.isTrusted
  }

  /** @param {unknown} type @param {unknown} [init] */
  constructor (type, init = undefined) {
    requireArguments(arguments.length, 1, 'Event')
    const flight = this.#flight
    flight.type = toText(type)
    const options = toDictionary(init, 'The options of an event')
    flight.bubbles = !!options['bubbles']
    flight.cancelable = !!options['cancelable']
    flight.composed = !!options['composed']
    ReflectDefineProperty(this, 'isTrusted', TRUSTED)
  }

  get type () { return this.#flight.type }
  get target () { return this.#flight.target }
  get srcElement () { return this.#flight.target }
  get currentTarget () { return this.#flight.currentTarget }
  composedPath () { return this.#flight.currentTarget === null ? [] : [this.#flight.currentTarget] }
  get eventPhase () { return this.#flight.isDispatched ? AT_TARGET : 0 }
  stopPropagation () { this.#flight.isStopped = true }
  get cancelBubble () { return this.#flight.isStopped }
  set cancelBubble (value) { this.#flight.isStopped ||= !!value }
  stopImmediatePropagation () { this.#flight.isStopped = this.#flight.isStoppedAtOnce = true }
  get bubbles () { return this.#flight.bubbles }
  get cancelable () { return this.#flight.cancelable }
  get returnValue () { return !this.#flight.isCanceled }
  set returnValue (value) {
    const flight = this.#flight
    if (!value) flight.cancel()
  }

  preventDefault () { this.#flight.cancel() }
  get defaultPrevented () { return this.#flight.isCanceled }
  get composed () { return this.#flight.composed }
  get timeStamp () { return this.#flight.timeStamp }

  /** @param {unknown} type @param {unknown} [bubbles] @param {unknown} [cancelable] */
  initEvent (type, bubbles = false, cancelable = false) {
    const flight = this.#flight
    requireArguments(arguments.length, 1, 'Event.initEvent')
    const text = toText(type)
    if (!flight.isDispatched) flight.initialize(text, !!bubbles, !!cancelable)
  }
}
shapeInterface(Event, 'Event', [
  'type', 'target', 'srcElement', 'currentTarget', 'composedPath', 'eventPhase', 'stopPropagation', 'cancelBubble', 'stopImmediatePropagation', 'bubbles', 'cancelable',
  'returnValue', 'preventDefault', 'defaultPrevented', 'composed', 'timeStamp', 'initEvent',
])
defineConstant(Event, 'NONE', 0)
defineConstant(Event, 'CAPTURING_PHASE', 1)
defineConstant(Event, 'AT_TARGET', AT_TARGET)
defineConstant(Event, 'BUBBLING_PHASE', 3)

/** Makes an event one that comes from the platform. @template {object} T @param {T} event @returns {T} */
export function trust (event) {
  /** @type {Flight} */ (flightOf(event)).isTrusted = true
  return event
}
