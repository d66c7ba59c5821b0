import { CORE_SCRIPT } from '../../core/runner-protocol.ts'
import type { Script, Scripts } from './archives.ts'
import { cacheScripts } from './code-cache.ts'

/** V8 takes no code cache that was made with other flags than this process has: a new one of what every isolate runs. The rest is compiled as it is used. */
export async function cacheOwnCore (scripts: Scripts): Promise<Scripts> {
  const text = scripts.find(CORE_SCRIPT)?.text ?? ''
  const caches = await cacheScripts(new Map([[CORE_SCRIPT, text]]), [CORE_SCRIPT])
  const core: Script = { text, cache: caches.get(CORE_SCRIPT) }
  return { modules: scripts.modules, find: (name) => name === CORE_SCRIPT ? core : scripts.find(name) }
}
