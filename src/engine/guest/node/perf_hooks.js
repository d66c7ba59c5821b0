// @ts-check
import { loadLibrary } from '../web/node-library.js'

const perfHooks = loadLibrary('perf_hooks')

export default perfHooks
export const {
  Performance, eventLoopUtilization, timerify, performance, constants,
} = perfHooks
