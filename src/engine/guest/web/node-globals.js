// @ts-check
import nodeProcess from '../node/process.js'
import { clearImmediate, setImmediate } from '../node/timers.js'

// Globals of code that is the body of a function: such is written for Node.

export const process = nodeProcess
export { clearImmediate, setImmediate }
