// @ts-check
import { setCryptoBufferMaker } from '../node/binding/crypto.js'
import { setBufferMaker } from '../node/binding/icu.js'
import { setLoader } from '../node/binding/util.js'
import { requireFile } from '../node/realm.js'

requireFile('internal/per_context/primordials')
setLoader(requireFile)
const toBuffer = (/** @type {Uint8Array} */ bytes) => requireFile('buffer').Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
setBufferMaker(toBuffer)
setCryptoBufferMaker(toBuffer)

/** Answers what a file of Node's library exports. It is evaluated when it is first asked for. */
export const loadLibrary = requireFile
