// @ts-check
import { loadLibrary } from '../web/node-library.js'

const url = loadLibrary('url')

export default url
export const {
  Url, parse, resolve, resolveObject, format, URL, URLPattern, URLSearchParams, domainToASCII, domainToUnicode, pathToFileURL, fileURLToPath,
  urlToHttpOptions, fileURLToPathBuffer,
} = url
