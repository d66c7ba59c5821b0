// @ts-check

export { MessageEvent } from './message-event.js'
export { MessageChannel, MessagePort } from './message-port.js'
