// @ts-check
import { loadLibrary } from '../web/node-library.js'

const path = loadLibrary('path')

export default path
export const {
  resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse, matchesGlob, _makeLong, sep, delimiter, win32,
  posix,
} = path
