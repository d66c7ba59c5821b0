// @ts-check
import { ObjectCreate, stringIndexOf, stringSlice } from '../intrinsics.js'
import { askNative } from '../natives.js'
import { requireArguments, toScalarText } from '../webidl.js'
import { contentOf } from './blob.js'

// Blob URLs of this run. They are in its isolate and nowhere else: no other run can name what is here, and it is gone with it.

/** @typedef {import('./blob.js').Blob} Blob */

const PREFIX = 'blob:nodedata:'

/** @type {Record<string, Blob>} */
const blobs = ObjectCreate(null)

/** Source: https://w3c.github.io/FileAPI/#dfn-createObjectURL @param {unknown} blob */
export function createObjectURL (blob) {
  requireArguments(arguments.length, 1, 'URL.createObjectURL')
  contentOf(blob) // a brand check
  const url = `${PREFIX}${askNative('platform:random', 'uuid', '{}').text}`
  blobs[url] = /** @type {Blob} */ (blob)
  return url
}

/** One with a fragment is another. Source: https://w3c.github.io/FileAPI/#dfn-revokeObjectURL @param {unknown} url */
export function revokeObjectURL (url) {
  requireArguments(arguments.length, 1, 'URL.revokeObjectURL')
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
