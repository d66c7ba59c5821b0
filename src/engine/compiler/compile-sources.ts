import type { CompiledSource } from '../../core/compiler-messages.ts'
import { bindImports } from './bind-imports.ts'
import { type Invalid, transformCode, transformFile, type Transformed } from './transform.ts'

/** A source, by the name that it has among the files of the job. */
export interface Source {
  name: string
  text: string
}

interface Finished {
  about: CompiledSource
  parts: Buffer[]
}

/** Compiles the code of a job and its files; answers the first error where there is one. Throws only when esbuild itself is broken. */
export async function compileSources (code: string, files: readonly Source[]): Promise<{ type: 'compiled', about: CompiledSource[], body: Buffer } | Invalid> {
  const finished: Finished[] = []
  for (const source of [undefined, ...files]) { // one after another: the process has one of esbuild's to work with
    const transformed = source ? await transformFile(source.name, source.text) : await transformCode(code)
    if (transformed.type === 'invalid') return transformed
    finished.push(finish(transformed, source?.text ?? code))
  }
  return { type: 'compiled', about: finished.map(({ about }) => about), body: Buffer.concat(finished.flatMap(({ parts }) => parts)) }
}

function finish (transformed: Transformed, text: string): Finished {
  const { file } = transformed
  const { code, importName } = file.endsWith('.json') ? { code: text, importName: null } : bindImports(transformed.type === 'compiled' ? transformed.code : text)
  const verbatim = transformed.type === 'verbatim' && importName === null
  const parts = verbatim ? [] : [Buffer.from(code), Buffer.from(transformed.type === 'compiled' ? transformed.map : '')]
  const [codeBytes = 0, mapBytes = 0] = parts.map((part) => part.length)
  return { about: { name: file, verbatim, codeBytes, mapBytes, importName }, parts }
}
