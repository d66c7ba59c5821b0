// @ts-check
import { loadLibrary } from '../web/node-library.js'

const stream = loadLibrary('stream')

export default stream
export const {
  isDestroyed, isDisturbed, isErrored, isReadable, isWritable, Readable, Writable, Duplex, Transform, PassThrough, duplexPair, pipeline,
  addAbortSignal, finished, destroy, compose, setDefaultHighWaterMark, getDefaultHighWaterMark, promises, Stream,
} = stream
