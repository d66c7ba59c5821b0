// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const promises = loadLibrary('stream/promises')

export default promises
export const { finished, pipeline } = promises
