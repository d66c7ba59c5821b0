// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const { promises } = loadLibrary('timers')

export default promises
export const { setTimeout, setImmediate, setInterval, scheduler } = promises
