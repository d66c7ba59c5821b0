// @ts-check
import { ObjectCreate, TypeErrorConstructor, defineValue } from '../intrinsics.js'
import { now, readTimeOrigin } from '../clock.js'
import { inheritInterface, shapeInterface } from '../webidl.js'
import { EventTarget, makeTarget } from './events.js'

/** Only who has it can make one. */
const MAKING = ObjectCreate(null)

/** Source: https://w3c.github.io/hr-time/#sec-performance */
export class Performance {
  #timeOrigin

  constructor () {
    if (arguments[0] !== MAKING) throw new TypeErrorConstructor('Cannot construct Performance: there is one already')
    makeTarget(this)
    this.#timeOrigin = readTimeOrigin()
  }

  now () { return this.#timeOrigin && now() }
  get timeOrigin () { return this.#timeOrigin }

  toJSON () {
    const json = {}
    defineValue(json, 'timeOrigin', this.#timeOrigin)
    return json
  }
}
inheritInterface(Performance, EventTarget)
shapeInterface(Performance, 'Performance', ['now', 'timeOrigin', 'toJSON'])

export const performance = new (/** @type {any} */ (Performance))(MAKING)
