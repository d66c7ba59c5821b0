// @ts-check

export { Event, flightOf, trust } from './event.js'
export { CustomEvent } from './custom-event.js'
export { EventTarget, addListener, dispatch, listCallbacks, makeTarget, removeListener } from './event-target.js'
export { EventHandler } from './event-handler.js'
export { findState, makeSignal, stateOf } from './signal-state.js'
