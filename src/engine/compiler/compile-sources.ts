import type { CompiledSource } from '../../core/compiler-messages.ts'
import type { CodeForm } from '../../core/job-sources.ts'
import { bindImports } from './bind-imports.ts'
import { transformBody } from './transform-body.ts'
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
export async function compileSources (code: { form: CodeForm, code: string }, files: readonly Source[]): Promise<{ type: 'compiled', form: CodeForm, about: CompiledSource[], body: Buffer } | Invalid> {
  const main = code.form === 'body' ? await transformBody(code.code) : { form: code.form, transformed: await transformCode(code.code) }
  if (main.transformed.type === 'invalid') return main.transformed
  const finished: Finished[] = [finish(main.transformed, code.code, main.form)]
  for (const source of files) { // one after another: the process has one of esbuild's to work with
    const transformed = await transformFile(source.name, source.text)
    if (transformed.type === 'invalid') return transformed
    finished.push(finish(transformed, source.text, 'module'))
  }
  return { type: 'compiled', form: main.form, about: finished.map(({ about }) => about), body: Buffer.concat(finished.flatMap(({ parts }) => parts)) }
}

function finish (transformed: Transformed, text: string, form: CodeForm): Finished {
  const { file } = transformed
  const { code, importName } = file.endsWith('.json') ? { code: text, importName: null } : bindImports(transformed.type === 'compiled' ? transformed.code : text, form)
  const verbatim = transformed.type === 'verbatim' && importName === null
  const parts = verbatim ? [] : [Buffer.from(code), Buffer.from(transformed.type === 'compiled' ? transformed.map : '')]
  const [codeBytes = 0, mapBytes = 0] = parts.map((part) => part.length)
  return { about: { name: file, verbatim, codeBytes, mapBytes, importName }, parts }
}
