import { COMPILER_FRAME, CompileRequest, type CompilerMessage, MAX_COMPILED_BYTES } from '../../core/compiler-messages.ts'
import type { Frame } from '../../core/frames.ts'
import { openParentPipe } from '../../core/parent-pipe.ts'
import { transformSource } from './transform.ts'

const pipe = openParentPipe({
  ...COMPILER_FRAME,
  onFrame (frame) {
    void compile(frame) // not awaited: while it is pending the pipe would not be read, and its end not seen
  },
})

await transformSource('let ready: true') // starts esbuild's own process
send({ type: 'ready' })

/** A rejection ends the process: esbuild is broken then, and its own process ends with it. */
async function compile ({ header, body }: Frame): Promise<void> {
  const { id } = CompileRequest.parse(header)
  const answer = await transformSource(body.toString('utf8'))
  if (answer.type !== 'compiled') return send({ ...answer, id })
  const code = Buffer.from(answer.code)
  const bytes = Buffer.concat([code, Buffer.from(answer.map)])
  if (bytes.length > MAX_COMPILED_BYTES) return send({ type: 'too large', id, bytes: bytes.length })
  send({ type: 'compiled', id, codeBytes: code.length }, bytes)
}

function send (message: CompilerMessage, body?: Uint8Array): void {
  pipe.send(message, body)
}
