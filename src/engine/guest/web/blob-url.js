// @ts-check
import { ObjectCreate, stringIndexOf, stringSlice } from '../intrinsics.js'
import { askNative } from '../natives.js'
import { useUnit } from '../units.js'
import { toScalarText } from '../webidl.js'
import { isBlob } from './blob.js'

// Blob URLs of this run. They are in its isolate and nowhere else: no other run can name what is here, and it is gone with it.

/** @typedef {import('./blob.js').Blob} Blob */

const PREFIX = 'blob:nodedata:'

/** @type {Record<string, Blob>} */
const blobs = ObjectCreate(null)

/** Source: https://w3c.github.io/FileAPI/#dfn-createObjectURL @param {unknown} blob */
export function createObjectURL (blob) {
  if (!isBlob(blob)) throw useUnit('node-errors').buildInvalidType('obj', 'Blob', blob)
  const url = `${PREFIX}${askNative('platform:random', 'uuid', '{}').text}`
  blobs[url] = blob
  return url
}

/** One with a fragment is another. Source: https://w3c.github.io/FileAPI/#dfn-revokeObjectURL @param {unknown} url */
export function revokeObjectURL (url) {
  delete blobs[toScalarText(url)]
}

/** As `node:buffer` has it: undefined for a URL that leads nowhere. @param {unknown} url */
export function resolveObjectURL (url) {
  return findBlob(toScalarText(url))
}

/** @param {string} url whose fragment does not count */
export function findBlob (url) {
  const hash = stringIndexOf(url, '#')
  return blobs[hash < 0 ? url : stringSlice(url, 0, hash)]
}
