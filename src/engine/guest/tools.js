// @ts-check
import {
  ErrorConstructor, JSONParse, ObjectCreate, ObjectFreeze, PromiseConstructor, ReflectApply, ReflectDefineProperty, ReflectOwnKeys,
  TypeErrorConstructor, ownValue, safe,
} from './intrinsics.js'
import { KnownFailure, buildToolError } from './errors.js'
import { askNative, buildAnswer } from './natives.js'
import { installDeferred, link } from './units.js'

/**
 * What the guest half of a tool is given to reach its other half.
 * @typedef {object} ToolHost
 * @property {(method: string, args: string, bytes?: string) => Promise<Answer>} call
 *   Arguments are JSON text, `bytes` beside them have one character each. Rejects with the error that user code may see.
 * @property {(method: string, args: string, bytes?: string) => Answer} callSync For natives only.
 * @property {(method: string, args: string) => Promise<Answer>} pull Calls a method that is a pull: one at a time. Counts towards no limit.
 * @property {(callback: Function, args: unknown[]) => void} run Calls a function of user code's; what it throws ends the run, as from a timer.
 *
 * @typedef {import('./natives.js').Answer} Answer
 * @typedef {{ resolve: (answer: Answer) => void, reject: (error: unknown) => void, trace: Error, counts: boolean }} Waiting
 * @typedef {{ toolCalls: number, concurrentToolCalls: number, callChars: number }} ToolBounds
 */

/**
 * Carries the calls of tools out of the isolate and their answers back. Counts them: who is over a limit ends the run.
 * @param {{
 *   post: (id: number, tool: string, method: string, args: string, bytes: string) => void,
 *   fail: (failure: unknown) => void,
 *   bounds: ToolBounds,
 * }} options
 */
export function createTools ({ post, fail, bounds }) {
  /** @type {Record<number, Waiting>} */
  const waiting = ObjectCreate(null)
  let lastId = 0
  let calls = 0
  let open = 0

  /** @param {string} tool @param {string} method @param {string} args */
  function count (tool, method, args) {
    calls++
    if (calls > bounds.toolCalls) refuse(`Cannot call ${tool}.${method}: ${bounds.toolCalls} calls of tools were made, the limit`, calls)
    if (args.length > bounds.callChars) throw new TypeErrorConstructor(`Cannot call ${tool}.${method}: its arguments have ${args.length} characters, allowed are ${bounds.callChars}`)
  }

  /** @param {string} message @param {number} seen @returns {never} */
  function refuse (message, seen) {
    fail(new KnownFailure('TOOL_LIMIT', 'RangeError', message, seen))
    throw new TypeErrorConstructor(message)
  }

  /** @param {string} tool @param {string} method @param {string} args @param {string} bytes @returns {Promise<Answer>} */
  function call (tool, method, args, bytes) {
    count(tool, method, args)
    if (open >= bounds.concurrentToolCalls) refuse(`Cannot call ${tool}.${method}: ${open} calls of tools wait for their answer, the limit`, open + 1)
    open++
    return send(tool, method, args, { bytes, counts: true })
  }

  /** @param {string} tool @param {string} method @param {string} args @param {{ bytes: string, counts: boolean }} more @returns {Promise<Answer>} */
  function send (tool, method, args, { bytes, counts }) {
    const trace = new ErrorConstructor('') // here, where the user's own frames are still below
    const id = ++lastId
    const promise = new PromiseConstructor((/** @type {Waiting['resolve']} */ resolve, /** @type {Waiting['reject']} */ reject) => {
      waiting[id] = { resolve, reject, trace, counts }
    })
    post(id, tool, method, args, bytes)
    return safe(promise)
  }

  /** @param {Function} callback @param {unknown[]} args */
  function run (callback, args) {
    try {
      ReflectApply(callback, undefined, args)
    } catch (thrown) {
      fail(thrown)
    }
  }

  /** @param {string} tool @param {string} method @param {string} args @param {string} bytes @returns {Answer} */
  function callSync (tool, method, args, bytes) {
    count(tool, method, args)
    return askNative(tool, method, args, bytes)
  }

  /**
   * Settles the call with that number. `failureText` is JSON, or empty.
   * @param {number} id @param {string} failureText @param {string} text @param {string} bytes
   */
  function deliver (id, failureText, text, bytes) {
    const call = waiting[id]
    if (call === undefined) return
    delete waiting[id]
    if (call.counts) open--
    if (failureText === '') call.resolve(buildAnswer(text, bytes))
    else call.reject(buildToolError(call.trace, JSONParse(failureText)))
  }

  /** @param {string} name @returns {ToolHost} */
  function buildHost (name) {
    return ObjectFreeze({
      call: (/** @type {string} */ method, /** @type {string} */ args, bytes = '') => call(name, method, args, bytes),
      callSync: (/** @type {string} */ method, /** @type {string} */ args, bytes = '') => callSync(name, method, args, bytes),
      pull: (/** @type {string} */ method, /** @type {string} */ args) => send(name, method, args, { bytes: '', counts: false }),
      run,
    })
  }

  /**
   * Puts a tool on the global object, where nobody can replace or change it. With `interfaces` its half is evaluated when code first touches the tool or one of them.
   * @param {string} name @param {string} configText @param {string[]} [interfaces]
   */
  function install (name, configText, interfaces) {
    const unit = `tool:${name}`
    const make = () => freeze(link(unit).default(buildHost(name), JSONParse(configText)))
    if (interfaces !== undefined) installDeferred(name, { unit, make, interfaces })
    else ReflectDefineProperty(globalThis, name, /** @type {any} */ ({ __proto__: null, value: make(), writable: false, enumerable: true, configurable: false }))
  }

  return { buildHost, deliver, install }
}

/**
 * Freezes an object, and what hangs on it.
 * @template {object} T
 * @param {T} value
 */
export function freeze (value) {
  ObjectFreeze(value)
  const keys = ReflectOwnKeys(value)
  for (let i = 0; i < keys.length; i++) {
    const member = ownValue(value, /** @type {PropertyKey} */ (keys[i]))
    if ((typeof member === 'object' && member !== null) || typeof member === 'function') ObjectFreeze(member)
  }
  return value
}
