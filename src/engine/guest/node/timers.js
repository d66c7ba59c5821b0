// @ts-check
import { loadLibrary } from '../web/node-library.js'

const timers = loadLibrary('timers')

export default timers
export const { setTimeout, clearTimeout, setImmediate, clearImmediate, setInterval, clearInterval, promises } = timers
