import { COMPILER_FRAME, CompileRequest, type CompilerMessage, MAX_COMPILED_BYTES } from '../../core/compiler-messages.ts'
import type { Frame } from '../../core/frames.ts'
import { openParentPipe } from '../../core/parent-pipe.ts'
import { ready } from './bind-imports.ts'
import { compileSources } from './compile-sources.ts'

const pipe = openParentPipe({
  ...COMPILER_FRAME,
  onFrame (frame) {
    void compile(frame) // not awaited: while it is pending the pipe would not be read, and its end not seen
  },
})

await Promise.all([compileSources({ form: 'module', code: 'let ready: true' }, []), ready]) // starts esbuild's own process
send({ type: 'ready' })

/** A rejection ends the process: esbuild is broken then, and its own process ends with it. */
async function compile ({ header, body }: Frame): Promise<void> {
  const { id, form, codeBytes, files } = CompileRequest.parse(header)
  let at = codeBytes
  const sources = files.map(({ name, bytes }) => ({ name, text: body.toString('utf8', at, at += bytes) }))
  const answer = await compileSources({ form, code: body.toString('utf8', 0, codeBytes) }, sources)
  if (answer.type !== 'compiled') return send({ ...answer, id })
  if (answer.body.length > MAX_COMPILED_BYTES) return send({ type: 'too large', id, bytes: answer.body.length })
  send({ type: 'compiled', id, form: answer.form, sources: answer.about }, answer.body)
}

function send (message: CompilerMessage, body?: Uint8Array): void {
  pipe.send(message, body)
}
