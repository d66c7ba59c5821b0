// @ts-check
import { ObjectCreate, SymbolIterator, TypeErrorConstructor, append, buildList } from '../intrinsics.js'
import { DOMException } from './dom-exception.js'
import { registerTransferable } from '../serializable.js'
import { queueTask } from '../timers.js'
import { inheritInterface, isObject, iterate, requireArguments, shapeInterface } from '../webidl.js'
import { cloneAndTransfer, readTransfer, toTransferable } from './clone.js'
import { Event, EventHandler, EventTarget, dispatch, makeTarget, trust } from './events.js'
import { buildMessage, freezePorts } from './message-event.js'

/** Only who has it can make a port. It never leaves this module. */
const MAKING = ObjectCreate(null)

/** One end of a channel. It belongs to one port after another: whoever it is transferred to. */
class End {
  /** @type {End | null} */
  other = null
  /** @type {MessagePort | null} */
  owner = null
  isClosed = false
  #isStarted = false
  /** @typedef {{ data: unknown, ports: readonly object[], next: Message | null }} Message */
  /** @type {Message | null} */
  #first = null
  /** @type {Message | null} */
  #last = null

  /** @param {unknown} data @param {readonly object[]} ports */
  receive (data, ports) {
    const message = { data, ports, next: null }
    if (this.#last === null) this.#first = message
    else this.#last.next = message
    this.#last = message
    if (this.#isStarted) this.#queue()
  }

  start () {
    if (this.#isStarted) return
    this.#isStarted = true
    for (let message = this.#first; message !== null; message = message.next) this.#queue()
  }

  /** Messages wait until the next owner wants them. @param {MessagePort} owner */
  moveTo (owner) {
    this.owner = owner
    this.#isStarted = false
  }

  /** What is on its way still comes. */
  close () {
    this.isClosed = true
    const { other } = this
    if (other === null) return
    this.other = other.other = null
    queueTask(() => { dispatch(/** @type {MessagePort} */ (other.owner), trust(new Event('close'))) })
  }

  /** Each message is a task of its own. */
  #queue () {
    queueTask(() => this.#deliver())
  }

  #deliver () {
    const message = this.#first
    if (!this.#isStarted || message === null) return
    this.#first = message.next
    if (this.#first === null) this.#last = null
    dispatch(/** @type {MessagePort} */ (this.owner), buildMessage(message.data, message.ports))
  }
}

/** The end that a port has; null when it was transferred, undefined for what is no port. @type {(value: object) => End | null | undefined} */
let endOf
/** @type {(port: MessagePort) => MessagePort} */
let move

/** Source: https://html.spec.whatwg.org/#message-ports */
export class MessagePort {
  /** @type {End | null} */
  #end = new End()
  #onMessage = new EventHandler(this, 'message')
  #onMessageError = new EventHandler(this, 'messageerror')
  #onClose = new EventHandler(this, 'close')

  static {
    endOf = (value) => #end in value ? value.#end : undefined
    move = (port) => {
      const copy = new (/** @type {any} */ (MessagePort))(MAKING)
      copy.#end = port.#end
      copy.#end.moveTo(copy)
      port.#end = null
      return copy
    }
  }

  constructor () {
    if (arguments[0] !== MAKING) throw new TypeErrorConstructor('Cannot construct MessagePort: MessageChannel makes them')
    makeTarget(this)
    this.#end?.moveTo(this)
  }

  /** @param {unknown} message @param {unknown} [options] */
  postMessage (message, options = undefined) {
    const end = this.#end
    requireArguments(arguments.length, 1, 'MessagePort.postMessage')
    const transfer = toTransfer(options)
    const other = end === null ? null : end.other
    let isLost = other === null
    for (let i = 0; i < transfer.length; i++) {
      if (transfer[i] === this) throw new DOMException('Cannot post message: a port cannot be transferred through itself', 'DataCloneError')
      if (other !== null && transfer[i] === other.owner) isLost = true // nobody is left who could get it
    }
    const { value, transferred } = cloneAndTransfer(message, transfer)
    if (!isLost) other?.receive(value, listPorts(transferred))
  }

  start () { this.#end?.start() }
  close () { this.#end?.close() }

  get onclose () { return this.#onClose.value }
  set onclose (value) { this.#onClose.value = value }
  get onmessage () { return this.#onMessage.value }
  set onmessage (value) {
    this.#onMessage.value = value
    this.#end?.start()
  }

  get onmessageerror () { return this.#onMessageError.value }
  set onmessageerror (value) { this.#onMessageError.value = value }
}
inheritInterface(MessagePort, EventTarget)
shapeInterface(MessagePort, 'MessagePort', ['postMessage', 'start', 'close', 'onclose', 'onmessage', 'onmessageerror'])

registerTransferable({
  is: (value) => endOf(value) !== undefined,
  isDetached: (port) => endOf(port)?.isClosed ?? true,
  transfer: move,
})

/** Source: https://html.spec.whatwg.org/#message-channels */
export class MessageChannel {
  #port1 = buildPort()
  #port2 = buildPort()

  constructor () {
    const one = /** @type {End} */ (endOf(this.#port1))
    const two = /** @type {End} */ (endOf(this.#port2))
    one.other = two
    two.other = one
  }

  get port1 () { return this.#port1 }
  get port2 () { return this.#port2 }
}
shapeInterface(MessageChannel, 'MessageChannel', ['port1', 'port2'])

/** @returns {MessagePort} */
function buildPort () {
  return new (/** @type {any} */ (MessagePort))(MAKING)
}

/** Throws a TypeError for what is no port. @param {unknown} value */
export function toPort (value) {
  if (isObject(value) && endOf(value) !== undefined) return value
  throw new TypeErrorConstructor('Cannot use value as a MessagePort: it is none')
}

/** A sequence, or options that have one. @param {unknown} options */
function toTransfer (options) {
  const method = isObject(options) ? options[SymbolIterator] : undefined
  if (method === undefined || method === null) return readTransfer(options)
  if (typeof method !== 'function') throw new TypeErrorConstructor('The list of what is transferred has an iterator that is no function')
  return iterate(options, method, toTransferable)
}

/** @param {object[]} objects */
function listPorts (objects) {
  const ports = buildList()
  for (let i = 0; i < objects.length; i++) if (endOf(/** @type {object} */ (objects[i])) !== undefined) append(ports, objects[i])
  return freezePorts(ports)
}
