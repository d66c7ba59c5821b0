// @ts-check
import { JSONParse } from './intrinsics.js'

let contextText = '{}'

/** Keeps the context of the run, in which the operator's values are that it was granted. @param {string} text JSON */
export function keepContext (text) {
  contextText = text
}

/** Answers a new object of those values, by their names. @returns {Record<string, string>} */
export const readGrantedEnv = () => JSONParse(contextText).env ?? {}
