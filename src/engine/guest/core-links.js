// @ts-check

/**
 * What a module of the core exports, for a unit that imports it; undefined for the name of any other. Written by the build, which knows the
 * modules of the core: a link is made when it is first asked for, so it costs nothing until then.
 * @param {string} _name its path inside of this folder
 * @returns {object | undefined}
 */
export function linkCore (_name) {
  return undefined
}
