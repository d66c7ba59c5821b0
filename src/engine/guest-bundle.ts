import { fileURLToPath } from 'node:url'
import { build, stop } from 'esbuild'

const ENTRY = fileURLToPath(new URL('./guest/main.js', import.meta.url))

/** The name the bundle gives its exports, inside a function: nothing of it is left on the global object. */
const GUEST_NAME = 'guest'

/**
 * Joins the guest's modules into one script: V8 takes a script from its code cache in a tenth of the time that modules take, and every
 * isolate pays for it. Only our own files are read.
 */
export async function buildGuestBundle (): Promise<string> {
  const { outputFiles: [bundle] } = await build({
    entryPoints: [ENTRY],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: GUEST_NAME,
    target: 'esnext',
    legalComments: 'none',
    logLevel: 'silent',
  })
  await stop()
  if (!bundle) throw new Error('Cannot build guest: the bundler wrote nothing')
  return `(() => { ${bundle.text}\nreturn { ...${GUEST_NAME} } })()`
}
