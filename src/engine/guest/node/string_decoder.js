// @ts-check
import { loadLibrary } from '../web/node-library.js'

const stringDecoder = loadLibrary('string_decoder')

export default stringDecoder
export const { StringDecoder } = stringDecoder
