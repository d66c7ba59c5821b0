// @ts-check
import { loadLibrary } from '../../web/node-library.js'

const windowsPath = loadLibrary('path/win32')

export default windowsPath
export const {
  resolve, normalize, isAbsolute, join, relative, toNamespacedPath, dirname, basename, extname, format, parse, matchesGlob, _makeLong, sep, delimiter, win32,
  posix,
} = windowsPath
