// @ts-check
import { setBufferMaker } from '../node/binding/icu.js'
import { setLoader } from '../node/binding/util.js'
import { requireFile } from '../node/realm.js'

requireFile('internal/per_context/primordials')
setLoader(requireFile)
setBufferMaker((bytes) => requireFile('buffer').Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))

/** Answers what a file of Node's library exports. It is evaluated when it is first asked for. */
export const loadLibrary = requireFile
