import { isBuiltin } from 'node:module'
import type ivm from 'isolated-vm'
import type { JobModule } from '../../core/runner-protocol.ts'
import { findSource, isPath } from '../../core/source-names.ts'
import type { ModuleTable } from './archives.ts'
import type { WarmIsolate } from './isolate.ts'
import { buildOptions } from './ivm-options.ts'
import { writeArrival, writeBinding, writeJson, writeUnit } from './job-module.ts'

const SHOWN_CHARS = 200
/** Names of ours for modules that have none of the user's: no stack shows them. */
const OWN_FILE = 'batchbox:module'

/** What a specifier means, as a key: a file of the job or a module of the allow-list. */
export type ModuleKey = `file:${string}` | `module:${string}`

/** An import of what there is not, or may not be imported. Its message is for users. */
export class ModuleRefusal extends Error {
  override readonly name = 'ModuleRefusal'
}

/** A path within a package, or a builtin by its longer name: what is allowed is told without them. */
const PART = /^(?:node:|(?:@[^/]+\/)?[^/]+\/)/

interface GraphOptions {
  /** Where they are; its `table` is the allow-list. */
  home: Pick<WarmIsolate, 'isolate' | 'context' | 'modules' | 'table'>
  /** The code; undefined where it is no module, and cannot be imported. */
  code: JobModule | undefined
  /** The files that it brings along. */
  sources: readonly JobModule[]
}

interface Text {
  text: string
  file: string
}

/** The modules of one run, by what imports mean: each is compiled when the first import of it is linked, and is there once. */
export class ModuleGraph {
  readonly #home: GraphOptions['home']
  readonly #code: GraphOptions['code']
  readonly #sources: ReadonlyMap<string, JobModule>
  readonly #modules = new Map<string, ivm.Module>()
  /** Keys of modules that user code is in, or that were made for it. */
  readonly #keys = new Map<ivm.Module, string>()
  #opening: Promise<unknown> = Promise.resolve()

  constructor ({ home, code, sources }: GraphOptions) {
    this.#home = home
    this.#code = code
    this.#sources = new Map([code ?? [], sources].flat().map((source) => [source.file, source]))
  }

  /** Compiles and links the code, and all that it imports statically. Answers the module to evaluate. Throws a ModuleRefusal, or what V8 says of the code. */
  link (): ivm.Module {
    const { context, modules: { main } } = this.#home
    const key = `file:${this.#code?.file}`
    this.#loadNow(key)
    main.instantiateSync(context, (specifier, referrer) => referrer === main && specifier === 'job' ? this.#find(key) : this.#dependency(specifier, referrer))
    return main
  }

  /** Answers what a specifier means in a file. Throws a ModuleRefusal. */
  resolve (specifier: string, from: string, { isJson = false } = {}): ModuleKey {
    const key = this.#resolve(specifier, from)
    if (isJson && !key.endsWith('.json')) throw new ModuleRefusal(`Cannot import ${quote(specifier)} from ${from} with the type "json": it is no file of JSON`)
    return key
  }

  #resolve (specifier: string, from: string): ModuleKey {
    if (!isPath(specifier)) {
      if (this.#home.table.get(specifier)) return `module:${specifier}`
      throw new ModuleRefusal(`Cannot import ${quote(specifier)} from ${from}: ${isBuiltin(specifier) ? 'this module of Node is not in the sandbox; ' : ''}${describeTable(this.#home.table)}`)
    }
    const code = this.#code?.file
    const file = findSource(specifier, from, (name) => this.#sources.has(name) || isCode(name, code))
    if (file === undefined) throw new ModuleRefusal(`Cannot import ${quote(specifier)} from ${from}: ${describeFiles([...this.#sources.keys()].filter((name) => name !== code))}`)
    return `file:${code !== undefined && isCode(file, code) ? code : file}`
  }

  /**
   * Compiles and links a module, and all that it imports statically, while the isolate may be busy. Answers one that says so once it is evaluated. Rejects as `link` throws.
   */
  open (key: ModuleKey): Promise<ivm.Module> {
    const opened = this.#opening.then(() => this.#openNext(key), () => this.#openNext(key)) // no two at a time may link the same modules
    this.#opening = opened
    return opened
  }

  async #openNext (key: ModuleKey): Promise<ivm.Module> {
    const { isolate, context } = this.#home
    const before = new Set(this.#modules.keys())
    try {
      await this.#load(key)
      const arrival = await isolate.compileModule(writeArrival(key), describeScript(OWN_FILE))
      await arrival.instantiate(context, (specifier, referrer) => referrer === arrival && specifier === 'target' ? this.#find(key) : this.#dependency(specifier, referrer))
      return arrival
    } catch (error) {
      for (const made of [...this.#modules.keys()].filter((known) => !before.has(known))) this.#modules.delete(made) // V8 linked none of them, and will not try again
      throw error
    }
  }

  #loadNow (key: string): void {
    if (this.#modules.has(key)) return
    const { text, file } = this.#write(key)
    const module = this.#home.isolate.compileModuleSync(text, describeScript(file))
    this.#keep(key, module)
    for (const next of this.#dependencyKeys(key, module)) this.#loadNow(next)
  }

  async #load (key: string): Promise<void> {
    if (this.#modules.has(key)) return
    const { text, file } = this.#write(key)
    const module = await this.#home.isolate.compileModule(text, describeScript(file))
    this.#keep(key, module)
    for (const next of this.#dependencyKeys(key, module)) await this.#load(next)
  }

  #keep (key: string, module: ivm.Module): void {
    this.#modules.set(key, module)
    this.#keys.set(module, key)
  }

  #dependencyKeys (key: string, module: ivm.Module): string[] {
    return key.startsWith('file:') && !key.endsWith('.json') ? module.dependencySpecifiers.map((specifier) => this.#meaning(specifier, key)) : []
  }

  /** What a specifier means in the module of a file. */
  #meaning (specifier: string, key: string): string {
    const source = this.#source(key)
    return specifier === source.importName ? `binding:${source.file}` : this.resolve(specifier, source.file)
  }

  #dependency (specifier: string, referrer: ivm.Module): ivm.Module {
    const key = this.#keys.get(referrer)
    return key?.startsWith('file:') && !key.endsWith('.json') ? this.#find(this.#meaning(specifier, key)) : this.#home.modules.capture
  }

  #find (key: string): ivm.Module {
    const module = this.#modules.get(key)
    if (!module) throw new TypeError(`Cannot link "${key}": it was not compiled`)
    return module
  }

  #source (key: string): JobModule {
    const source = this.#sources.get(key.slice('file:'.length))
    if (!source) throw new TypeError(`Cannot compile "${key}": the job has no such file`)
    return source
  }

  #write (key: string): Text {
    if (key.startsWith('binding:')) return { text: writeBinding(key.slice('binding:'.length)), file: OWN_FILE }
    if (key.startsWith('module:')) return this.#writeUnit(key.slice('module:'.length))
    const { file, code } = this.#source(key)
    return file.endsWith('.json') ? { text: writeJson(code), file: OWN_FILE } : { text: code, file }
  }

  #writeUnit (specifier: string): Text {
    const module = this.#home.table.get(specifier)
    if (!module) throw new TypeError(`Cannot write module "${specifier}": it is not in the table`)
    return { text: writeUnit(module), file: OWN_FILE }
  }
}

function describeScript (file: string): ivm.CompileModuleOptions {
  return buildOptions({ filename: file, lineOffset: 0, columnOffset: 0, produceCachedData: false })
}

/** The code may be imported as what it is, and as what it becomes. */
function isCode (name: string, code: string | undefined): boolean {
  return name === code || (name === 'job.js' && code === 'job.ts')
}

function quote (specifier: string): string {
  return JSON.stringify(specifier.length <= SHOWN_CHARS ? specifier : `${specifier.slice(0, SHOWN_CHARS)}…`)
}

function describeTable (table: ModuleTable): string {
  const names = [...table.keys()].filter((name) => !PART.test(name))
  return names.length === 0 ? 'no modules are allowed' : `allowed are ${names.join(', ')}`
}

function describeFiles (names: readonly string[]): string {
  return names.length === 0 ? 'the job has no files besides its code' : `the files of the job are ${names.join(', ')}`
}
