// @ts-check
import { loadLibrary } from '../web/node-library.js'

const punycode = loadLibrary('punycode')

export default punycode
export const {
  version, ucs2, decode, encode, toASCII, toUnicode,
} = punycode
