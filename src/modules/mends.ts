import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'

/** A part of a file's text, which it has once, and what it becomes. */
type Mend = readonly [from: string, to: string]

const NO_RANDOM = 'Cannot make random numbers: the job has no crypto; ask for it with "tools": ["crypto"]'
const NO_FETCH = 'there is no fetch; a job asks for it with "tools": ["fetch"], "permissions": { "net": ["the host"] }'

/** The platform as axios is to see it. */
const AXIOS_FETCH = `
const fetchOfRun = (...given) => {
  if (globalThis.fetch === undefined) throw new AxiosError(${JSON.stringify('Cannot request "')} + (given[0].url ?? given[0]) + ${JSON.stringify(`": ${NO_FETCH}`)}, 'PERMISSION_DENIED')
  return globalThis.fetch(...given)
}
const readNodeStream = (config) => utils.isStream(config.data) ? new Promise((resolve, reject) => {
  const parts = []
  config.data.on('data', (part) => parts.push(part))
  config.data.on('end', () => resolve(Object.assign(config, { data: new Blob(parts) })))
  config.data.on('error', reject)
  config.data.resume()
}) : config
`

/** Where a shipped package would hide an error that says what to do, or does for Node what it could do here. By file, from the folder of packages. */
const MENDS: Readonly<Record<string, readonly Mend[]>> = {
  'axios/lib/adapters/fetch.js': [
    ['const factory = (env) => {', `${AXIOS_FETCH}const factory = (env) => {`],
    ["envFetch ? isFunction(envFetch) : typeof fetch === 'function'", 'true'],
    ['envFetch || fetch', 'envFetch || fetchOfRun'],
    ['= resolveConfig(config)', '= await readNodeStream(resolveConfig(config))'], // as its other adapter takes forms and streams of Node
    ["err.name === 'TypeError' &&", "err.name === 'TypeError' && err.code === undefined &&"], // errors of ours have one, and say more than "Network Error"
    ['const adapter = getFetch()', 'const adapter = undefined'], // it would load the platform's classes for code that makes no request
  ],
  'axios/lib/helpers/resolveConfig.js': [['utils.isReactNative(data)', '!utils.isFunction(getHeaders)']], // forms of the platform get their type from it, with the boundary
  'bcryptjs/index.js': [['"Neither WebCryptoAPI nor a crypto module is available. Use bcrypt.setRandomFallback to set an alternative"', JSON.stringify(NO_RANDOM)]],
  'crypto-js/core.js': [["'Native crypto module could not be used to get secure random number.'", JSON.stringify(NO_RANDOM)]],
}

const FOLDER = fileURLToPath(new URL('../../node_modules/', import.meta.url))

/** Bundles what is shipped as jobs are to have it. The operator's packages stay as they are. */
export const mendPackages: Plugin = {
  name: 'mends',
  setup (bundler) {
    bundler.onLoad({ filter: /[\\/](?:axios|bcryptjs|crypto-js)[\\/].*\.js$/ }, async ({ path }) => {
      const file = path.slice(FOLDER.length)
      const mends = path.startsWith(FOLDER) ? MENDS[file] : undefined
      return mends && { contents: mends.reduce((text, mend) => replaceOnce(text, mend, file), await readFile(path, 'utf8')) }
    })
  },
}

function replaceOnce (text: string, [from, to]: Mend, file: string): string {
  if (text.split(from).length !== 2) throw new Error(`Cannot mend ${file}: it does not have "${from}" once; is it another version?`)
  return text.replace(from, () => to)
}
