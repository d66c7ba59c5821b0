// @ts-check
import { ReflectConstruct, TypeErrorConstructor, WeakMapConstructor, weakMapGet, weakMapSet } from '../intrinsics.js'
import { inheritInterface, requireArguments, shapeInterface, toText } from '../webidl.js'
import { Event, flightOf } from './event.js'

/** What events are about. @type {WeakMap<object, { detail: unknown }>} */
const details = new WeakMapConstructor()

/** Source: https://dom.spec.whatwg.org/#interface-customevent */
export class CustomEvent {
  /** @param {unknown} type @param {any} [init] */
  constructor (type, init = undefined) {
    requireArguments(arguments.length, 1, 'CustomEvent')
    const event = /** @type {any} */ (ReflectConstruct(Event, [type, init], new.target))
    const detail = init?.detail
    weakMapSet(details, event, { detail: detail === undefined ? null : detail })
    return event
  }

  get detail () { return read(this).detail }

  /** @param {unknown} type @param {unknown} [bubbles] @param {unknown} [cancelable] @param {unknown} [detail] */
  initCustomEvent (type, bubbles = false, cancelable = false, detail = null) {
    const own = read(this)
    requireArguments(arguments.length, 1, 'CustomEvent.initCustomEvent')
    const text = toText(type)
    const flight = /** @type {NonNullable<ReturnType<typeof flightOf>>} */ (flightOf(this))
    if (flight.isDispatched) return
    flight.initialize(text, !!bubbles, !!cancelable)
    own.detail = detail
  }
}
inheritInterface(CustomEvent, Event)
shapeInterface(CustomEvent, 'CustomEvent', ['detail', 'initCustomEvent'])

/** @param {object} event */
function read (event) {
  const own = weakMapGet(details, event)
  if (own === undefined) throw new TypeErrorConstructor('Cannot use object as a CustomEvent: it is none')
  return own
}
