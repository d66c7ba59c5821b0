// @ts-check

/** Characters that are made at a time: `apply` takes them from an array several times as fast as from a typed one. */
const BLOCK = 2048
/** @type {number[]} */
const block = new Array(BLOCK).fill(0)
const { fromCharCode } = String

/** @typedef {{ units: number[], count: number, full: number }} Units characters that are no text yet */

/**
 * Makes a text of some bytes, one character each.
 * @param {Uint8Array} bytes @param {number} start @param {number} end @param {number} [mask]
 */
export function unitsAt (bytes, start, end, mask = 0xff) {
  let text = ''
  let at = start
  while (end - at >= BLOCK) {
    for (let i = 0; i < BLOCK; i++) block[i] = /** @type {number} */ (bytes[at++]) & mask
    text += fromCharCode.apply(null, block)
  }
  for (; at + 8 <= end; at += 8) {
    text += fromCharCode(at8(bytes, at, mask), at8(bytes, at + 1, mask), at8(bytes, at + 2, mask), at8(bytes, at + 3, mask), at8(bytes, at + 4, mask), at8(bytes, at + 5, mask), at8(bytes, at + 6, mask), at8(bytes, at + 7, mask))
  }
  for (; at < end; at++) text += fromCharCode(at8(bytes, at, mask))
  return text
}

/** @param {Uint8Array} bytes @param {number} at @param {number} mask */
const at8 = (bytes, at, mask) => /** @type {number} */ (bytes[at]) & mask

/** A place for characters. It is full when there may be no room for two more. @returns {Units} */
export const takeUnits = () => ({ units: block, count: 0, full: BLOCK - 1 })

/** @param {string} text @param {Units} put */
export const putText = (text, put) => text + flushUnits(put)

/** @param {Units} put */
export function flushUnits (put) {
  const { units, count } = put
  put.count = 0
  if (count === 0) return ''
  return fromCharCode.apply(null, count === BLOCK ? units : units.slice(0, count))
}
