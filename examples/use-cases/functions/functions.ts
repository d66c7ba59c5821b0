import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from '../../../clients/sdk/src/index.ts'

const NAME = /^[a-z][a-z0-9-]{0,63}$/
const VERSIONS_MAX = 1000

export interface CallOptions {
  /** The latest without it. */
  version?: number
}

export interface Functions {
  /** Stores a function, as the next version of its name; no version ever changes. */
  put (name: string, code: string): Promise<number>
  versions (name: string): Promise<number[]>
  /** Calls a function by its name. Throws the client's errors, and a RangeError where there is no such function. */
  call (name: string, input: unknown, options?: CallOptions): Promise<unknown>
}

/** Functions that are stored in a folder and run by a service. Its jobs have the tags `function` and `version`: so the service lists the calls of each. */
export function openFunctions (client: Client, folder: string): Functions {
  const folderOf = (name: string) => {
    if (!NAME.test(name)) throw new RangeError(`Cannot use "${name}" as the name of a function: it has to be ${NAME}`)
    return join(folder, name)
  }

  async function versions (name: string): Promise<number[]> {
    const files = await readdir(folderOf(name)).catch(() => []) // none was ever stored
    return files.map((file) => Number.parseInt(file, 10)).sort((a, b) => a - b)
  }

  return {
    versions,

    async put (name, code) {
      await mkdir(folderOf(name), { recursive: true })
      for (let version = ((await versions(name)).at(-1) ?? 0) + 1; version <= VERSIONS_MAX; version += 1) {
        if (await tryToWrite(join(folderOf(name), `${version}.ts`), code)) return version
      }
      throw new RangeError(`Cannot store function "${name}": it has ${VERSIONS_MAX} versions`)
    },

    async call (name, input, options = {}) {
      const known = await versions(name)
      const version = options.version ?? known.at(-1)
      if (version === undefined || !known.includes(version)) throw new RangeError(`Cannot call function "${name}": there is no version ${version ?? 'of it'}`)
      const code = await readFile(join(folderOf(name), `${version}.ts`), 'utf8')
      return client.run(code, input, { tags: { function: name, version: String(version) } })
    },
  }
}

/** False where somebody else has just stored that version. */
async function tryToWrite (file: string, code: string): Promise<boolean> {
  try {
    await writeFile(file, code, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false // what fs throws has a code
    throw error
  }
}
