// @ts-check
import { loadLibrary } from '../web/node-library.js'

const querystring = loadLibrary('querystring')

export default querystring
export const { unescapeBuffer, unescape, escape, stringify, encode, parse, decode } = querystring
