// @ts-check
import { loadLibrary } from './node-library.js'

/** The global one. Apart from `node:buffer`, which brings the web's classes of the same module along. */
export const { Buffer } = loadLibrary('buffer')
