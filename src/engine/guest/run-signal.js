// @ts-check
import { ReflectDefineProperty } from './intrinsics.js'
import { markNative } from './native-code.js'
import { useUnit } from './units.js'

/** What aborts the signal of the run, by the code that the run ends with. */
const REASONS = {
  CANCELLED: { name: 'AbortError', message: 'The run was cancelled' },
  TIMEOUT: { name: 'TimeoutError', message: 'The run is out of time' },
}

/** Made when code first asks for it. @type {import('./web/abort.js').AbortSignal | undefined} */
let runSignal

/** @returns {typeof import('./web/abort.js')} */
const useAbort = () => useUnit('abort')
/** @returns {typeof import('./web/dom-exception.js')} */
const useDomException = () => useUnit('dom-exception')

/** Gives a context its `signal`. @param {object} context @param {() => void} tell that there is somebody to tell of an abort */
export function defineSignal (context, tell) {
  const get = function signal () {
    if (runSignal === undefined) {
      runSignal = useAbort().buildSignal()
      tell()
    }
    return runSignal
  }
  markNative(get)
  ReflectDefineProperty(context, 'signal', /** @type {any} */ ({ __proto__: null, get, set: undefined, enumerable: true, configurable: true }))
}

/** Tells code that its run is about to be stopped. @param {'CANCELLED' | 'TIMEOUT'} code */
export function abortRun (code) {
  if (runSignal === undefined) return
  const { DOMException } = useDomException()
  const { name, message } = REASONS[code]
  useAbort().abortSignal(runSignal, new DOMException(message, name))
}
