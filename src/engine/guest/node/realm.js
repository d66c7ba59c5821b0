// @ts-check
import { unitOfFile } from 'node-library:facts'
import { useUnit } from '../units.js'
import { bindings } from './binding/bindings.js'
import { primordials } from './primordials.js'
import { processObject } from './process-object.js'
import { getStandIn } from './stand-ins.js'

// Loads files of Node's own library, with what Node puts in their scope. Source: `internal/bootstrap/realm.js` of Node.

/** @type {Record<string, { exports: any }>} */
const modules = Object.create(null)

/**
 * Answers what a file exports. It is evaluated when it is first asked for; a file within a circle may see another that is not through.
 * @param {string} id @returns {any}
 */
export function requireFile (id) {
  const known = modules[id]
  if (known !== undefined) return known.exports
  if (!Object.hasOwn(unitOfFile, id)) return (modules[id] = { exports: getStandIn(id) }).exports
  const module = modules[id] = { exports: {} }
  useUnit(/** @type {string} */ (unitOfFile[id]))[id](module.exports, requireFile, module, processObject, internalBinding, primordials)
  return module.exports
}

/** Our form of what the library gets from C++. @param {string} name @returns {any} */
function internalBinding (name) {
  const found = bindings[name]
  if (found === undefined) throw new TypeError(`Cannot use ${name}: it is not available in the sandbox`)
  return found
}
