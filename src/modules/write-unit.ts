import { transform } from 'esbuild'

/** A script whose value is a function that is given `link`, which answers the exports of other units, and answers what it exports itself. */
export interface ModuleUnit {
  name: string
  script: string
  /** Units that it links: pieces of modules, and `node:` ones. */
  links: readonly string[]
}

export interface UnitSource {
  name: string
  /** An ES module that imports nothing but what `links` has. */
  text: string
  /** Names of units, by the path that the text imports them by. */
  links: ReadonlyMap<string, string>
  needsCrypto: boolean
  makesCode: boolean
}

/** The run's tool, looked for when it is used: packages read its methods when they are loaded. */
const CRYPTO = `const crypto = new Proxy({}, { get: (_, name) => (...args) => {
  if (globalThis.crypto === undefined) throw new Error("Cannot use crypto." + String(name) + ": the job has no crypto; ask for it with \\"tools\\": [\\"crypto\\"]")
  return globalThis.crypto[name](...args)
} });`
/** Written by packages that the repository pins, from what they were given; it is a function of the run like any other. */
const FUNCTION = 'const Function = link("intrinsics.js").FunctionConstructor;'
/** The bundler exports a copy of the object that has a getter for each export, for who asks before any of them is there. Nobody does here, and making both takes milliseconds. */
const COPIED = /module\.exports=__toCommonJS\((\w+)\)/

/**
 * An import stays a look at what the other unit exports, so that a variable is seen as it is; strict, as modules are. Names of ours are in a scope
 * around it: it may have the same.
 */
export async function writeUnit ({ name, text, links, needsCrypto, makesCode }: UnitSource): Promise<ModuleUnit> {
  const { code } = await transform(text, {
    format: 'cjs', target: 'esnext', legalComments: 'none', minifyWhitespace: true,
    define: { module: 'undefined', exports: 'undefined' }, // packages that look whether they are CommonJS are not
  })
  const own = code.replace(COPIED, 'module.exports=__defProp($1,"__esModule",{value:true})')
  const paths = JSON.stringify(Object.fromEntries([...links].filter(([path, unit]) => path !== unit)))
  return {
    name,
    script: `(link) => { "use strict"; const module = { exports: {} }, paths = ${paths};
const require = (path) => paths[path] ? link(paths[path]) : link(path).default;
${needsCrypto ? CRYPTO : ''}${makesCode ? FUNCTION : ''}
(() => { ${own}
})()
return module.exports }`,
    links: [...new Set(links.values())],
  }
}
