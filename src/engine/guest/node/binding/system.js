// @ts-check
import { os, systemErrors } from 'node-library:facts'

// What Node's library gets from C++ of the system: its constants and its errors.

const errors = new Map(systemErrors)

export const uvBinding = {
  getErrorMap: () => errors,
  errname: (/** @type {number} */ number) => errors.get(number)?.[0] ?? `Unknown system error ${number}`,
  getErrorMessage: (/** @type {number} */ number) => errors.get(number)?.[1] ?? `Unknown system error ${number}`,
}

export const osConstants = os
