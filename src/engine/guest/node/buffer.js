// @ts-check
import { loadLibrary } from '../web/node-library.js'

const buffer = loadLibrary('buffer')

export default buffer
export const {
  Buffer, transcode, isUtf8, isAscii, kMaxLength, kStringMaxLength, btoa, atob, constants, INSPECT_MAX_BYTES, Blob, resolveObjectURL, File,
} = buffer
