import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

const BYTES = /[\\/]node_modules[\\/]@exodus[\\/]bytes[\\/].*\.js$/
const STREAMS = /[\\/]node_modules[\\/]web-streams-polyfill[\\/]dist[\\/]ponyfill\.mjs$/
/** Takes most of what it imports from a platform, or is far too large for an isolate because of it. */
const WHATWG_URL = /[\\/]node_modules[\\/]whatwg-url[\\/]/
const WHATWG_URL_IMPORTS = /^(?:tr46|\.\/encoding|@exodus\/bytes\/(?:encoding|whatwg)\.js)$/
const WHATWG_URL_PARTS = fileURLToPath(new URL('./guest/web/whatwg-url-parts.js', import.meta.url))

/** Bundles packages that the platform is made of so that they can be that: upon the language and the guest's own modules alone, and as the standards say. */
export const mendedPackages: Plugin = {
  name: 'mended-packages',
  setup ({ onLoad, onResolve }) {
    onLoad({ filter: BYTES }, async ({ path }) => ({ contents: seeNothing(await readFile(path, 'utf8')) }))
    onLoad({ filter: STREAMS }, async ({ path }) => ({ contents: hideState(mendStreams(await readFile(path, 'utf8'))) }))
    onResolve({ filter: WHATWG_URL_IMPORTS }, ({ importer }) => WHATWG_URL.test(importer) ? { path: WHATWG_URL_PARTS } : undefined)
  },
}

/** It looks for what a platform has, and would find what is made of it. */
function seeNothing (text: string): string {
  return text.replaceAll(/\bglobalThis\b/g, '({})')
}

/** Where the library is not what the standard says, or does not hand out what others of its algorithms need: parts of its text, and what they become. */
const MENDS: readonly [string, string][] = [
  // A pipe writes what it waited for in a microtask. Source: https://streams.spec.whatwg.org/#readable-stream-pipe-to
  ['_chunkSteps(t){this._state._currentWrite=f(Yt(this._state._writer,t),void 0,e),this._resolvePromise(!1)}', '_chunkSteps(t){y(()=>{this._state._currentWrite=f(Yt(this._state._writer,t),void 0,e),this._resolvePromise(!1)})}'],
  // The second branch of a body gets copies. Source: https://streams.spec.whatwg.org/#abstract-opdef-readablestreamdefaulttee
  ['function Wr(e,t){return', 'function Wr(e,copy){return'],
  ['const t=e,r=e;d||Rr(n._readableStreamController,t)', 'let r=e;if(copy&&!f)try{r=copy(e)}catch(e){return Tr(n._readableStreamController,e),Tr(i._readableStreamController,e),void a(W(t,e))}d||Rr(n._readableStreamController,e)'],
  ['export{', 'export{te as readWith,Wr as teeWith,'],
]

function mendStreams (given: string): string {
  return MENDS.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`Cannot mend web-streams-polyfill: it does not have "${from}" once; is it another version?`)
    return text.replace(from, () => to)
  }, given)
}

/** It keeps its state in members that begin with `_`, which code would see in what it logs or returns: they become symbols. */
function hideState (text: string): string {
  const assigned = new Set(text.matchAll(/\._(\w+)=(?!=)/g).map(([, name]) => String(name)))
  const names = [...assigned].filter((name) => !new RegExp(`[{},;]_${name}[(:]`).test(text)) // methods stay what they are
  const pattern = new RegExp(`\\._(${names.join('|')})\\b|"_(${names.join('|')})"`, 'g')
  const hidden = text.replaceAll(pattern, (_, member?: string, quoted?: string) => member ? `[$${member}]` : `$${quoted}`)
  return `const ${names.map((name) => `$${name}=Symbol()`).join(',')};${hidden}\nexport const state={${names.map((name) => `${name}:$${name}`).join(',')}}`
}
