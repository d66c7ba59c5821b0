// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const posixPath = loadLibrary('path/posix')

export default posixPath
export const {
  resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse, matchesGlob, _makeLong, sep, delimiter, win32,
  posix,
} = posixPath
