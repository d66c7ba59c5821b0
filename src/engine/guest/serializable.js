// @ts-check
import { append, buildList } from './intrinsics.js'

// Objects of the platform that can be cloned or transferred. Whoever owns a class says so here when it is loaded: no clone loads anything.

/**
 * `is` asks no prototype. `transfer` detaches the object and answers the one that goes on with it.
 * @typedef {{ is: (value: object) => boolean, clone: (value: any) => object }} Serializable
 * @typedef {{ is: (value: object) => boolean, isDetached: (value: any) => boolean, transfer: (value: any) => object }} Transferable
 */

/** @type {Serializable[]} */
const serializables = buildList()
/** @type {Transferable[]} */
const transferables = buildList()

/** @param {Serializable} kind */
export function registerSerializable (kind) {
  append(serializables, kind)
}

/** @param {Transferable} kind */
export function registerTransferable (kind) {
  append(transferables, kind)
}

/** @param {object} value */
export const findSerializable = (value) => find(serializables, value)
/** @param {object} value */
export const findTransferable = (value) => find(transferables, value)

/** @template {{ is: (value: object) => boolean }} T @param {T[]} kinds @param {object} value @returns {T | undefined} */
function find (kinds, value) {
  for (let i = 0; i < kinds.length; i++) if (kinds[i]?.is(value)) return kinds[i]
  return undefined
}
