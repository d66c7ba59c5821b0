// @ts-check

import { carryBy } from '../timers.js'

// What Node's `async_hooks` is made upon. JavaScript cannot carry anything across an `await`: what a store holds is there until then, in timers, ticks and microtasks
// that are started until then, and in what is bound to it.

/** The stores of an AsyncLocalStorage, by it. Source: lib/internal/async_context_frame.js of Node. */
export function buildAsyncContextFrame () {
  /** @type {AsyncContextFrame | undefined} */
  let active

  /** @extends {Map<object, unknown>} */
  class AsyncContextFrame extends Map {
    /** @param {object} store @param {unknown} data */
    constructor (store, data) {
      super(active)
      this.set(store, data)
    }

    static get enabled () { return true }
    static current () { return active }

    /** @param {AsyncContextFrame | undefined} frame */
    static set (frame) { active = frame }

    /** @param {AsyncContextFrame | undefined} frame */
    static exchange (frame) {
      const prior = active
      active = frame
      return prior
    }

    /** @param {object} store */
    static disable (store) { active?.delete(store) }
  }
  carryBy((callback) => {
    if (active === undefined) return callback
    const frame = active
    return /** @this {unknown} @param {unknown[]} args */ function (...args) {
      const prior = active
      active = frame
      try {
        return apply(callback, this, args)
      } finally {
        active = prior
      }
    }
  })
  return AsyncContextFrame
}

const { apply } = Reflect

/** No hook is ever called: nothing is told of resources. Source: lib/internal/async_hooks.js of Node. */
export function buildAsyncHooks () {
  const nothing = () => {}
  const refuses = () => false
  const names = ['async_id', 'trigger_async_id', 'init', 'before', 'after', 'destroy', 'promise_resolve', 'owner']
  const constants = ['kInit', 'kBefore', 'kAfter', 'kDestroy', 'kPromiseResolve', 'kTotals']
  /** @type {unknown[]} */
  const hooks = []
  const resource = {}
  let last = 1
  return {
    asyncWrap: { Providers: {} },
    symbols: Object.fromEntries(names.map((name) => [`${name}_symbol`, Symbol(name)])),
    constants: Object.fromEntries(constants.map((name, number) => [name, number])),
    kNoPromiseHook: Symbol('noPromiseHook'),
    executionAsyncId: function executionAsyncId () { return 1 },
    triggerAsyncId: function triggerAsyncId () { return 0 },
    executionAsyncResource: function executionAsyncResource () { return resource },
    newAsyncId: () => ++last,
    getDefaultTriggerAsyncId: () => 1,
    defaultTriggerAsyncIdScope: (/** @type {number} */ _id, /** @type {Function} */ block, /** @type {unknown[]} */ ...args) => block(...args),
    getHookArrays: () => [hooks, constants.map(() => 0)],
    hasAsyncIdStack: refuses,
    initHooksExist: refuses,
    destroyHooksExist: refuses,
    enabledHooksExist: refuses,
    enableHooks: nothing,
    disableHooks: nothing,
    updatePromiseHookMode: nothing,
    registerDestroyHook: nothing,
    emitInit: nothing,
    emitBefore: nothing,
    emitAfter: nothing,
    emitDestroy: nothing,
  }
}
