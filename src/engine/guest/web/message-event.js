// @ts-check
import { ObjectFreeze, ReflectConstruct, TypeErrorConstructor, WeakMapConstructor, append, weakMapGet, weakMapSet } from '../intrinsics.js'
import { inheritInterface, requireArguments, shapeInterface, toDictionary, toScalarText, toSequence, toText } from '../webidl.js'
import { Event, flightOf, trust } from './events.js'
import { toPort } from './message-port.js'

/** @typedef {{ data: unknown, origin: string, lastEventId: string, source: object | null, ports: readonly object[] }} Message */

/** What events brought. @type {WeakMap<object, Message>} */
const messages = new WeakMapConstructor()

/** Source: https://html.spec.whatwg.org/#messageevent */
export class MessageEvent {
  /** @param {unknown} type @param {unknown} [init] */
  constructor (type, init = undefined) {
    requireArguments(arguments.length, 1, 'MessageEvent')
    const event = /** @type {any} */ (ReflectConstruct(Event, [type, init], new.target))
    weakMapSet(messages, event, readInit(toDictionary(init, 'The options of an event')))
    return event
  }

  get data () { return read(this).data }
  get origin () { return read(this).origin }
  get lastEventId () { return read(this).lastEventId }
  get source () { return read(this).source }
  get ports () { return read(this).ports }

  /**
   * @param {unknown} type @param {unknown} [bubbles] @param {unknown} [cancelable] @param {unknown} [data] @param {unknown} [origin] @param {unknown} [lastEventId] @param {unknown} [source]
   * @param {unknown} [ports]
   */
  initMessageEvent (type, bubbles = false, cancelable = false, data = null, origin = '', lastEventId = '', source = null, ports = undefined) {
    read(this)
    requireArguments(arguments.length, 1, 'MessageEvent.initMessageEvent')
    const text = toText(type)
    const message = { data, origin: toScalarText(origin), lastEventId: toText(lastEventId), source: toSource(source), ports: toPorts(ports) }
    const flight = /** @type {NonNullable<ReturnType<typeof flightOf>>} */ (flightOf(this))
    if (flight.isDispatched) return
    flight.initialize(text, !!bubbles, !!cancelable)
    weakMapSet(messages, this, message)
  }
}
inheritInterface(MessageEvent, Event)
shapeInterface(MessageEvent, 'MessageEvent', ['data', 'origin', 'lastEventId', 'source', 'ports', 'initMessageEvent'])

/** The event by which a port brings a message. @param {unknown} data @param {readonly object[]} ports frozen */
export function buildMessage (data, ports) {
  const event = ReflectConstruct(Event, ['message', undefined], MessageEvent)
  weakMapSet(messages, event, { data, origin: '', lastEventId: '', source: null, ports })
  return trust(event)
}

/** @param {object} event */
function read (event) {
  const message = weakMapGet(messages, event)
  if (message === undefined) throw new TypeErrorConstructor('Cannot use object as a MessageEvent: it is none')
  return message
}

/** Members in the order of Web IDL. @param {Record<string, unknown>} init @returns {Message} */
function readInit (init) {
  const { data = null, lastEventId = '' } = init
  const lastEventText = toText(lastEventId)
  const { origin = '' } = init
  const originText = toScalarText(origin)
  const { ports } = init
  const portList = toPorts(ports)
  const { source = null } = init
  return { data, origin: originText, lastEventId: lastEventText, source: toSource(source), ports: portList }
}

/** @param {unknown} source */
const toSource = (source) => source === null || source === undefined ? null : toPort(source)

/** @param {unknown} ports */
const toPorts = (ports) => freezePorts(ports === undefined ? [] : toSequence(ports, toPort, 'The list of ports'))

/** A list that user code gets: it has the prototype of one. @param {readonly object[]} ports */
export function freezePorts (ports) {
  /** @type {object[]} */
  const list = []
  for (let i = 0; i < ports.length; i++) append(list, /** @type {object} */ (ports[i]))
  return ObjectFreeze(list)
}
