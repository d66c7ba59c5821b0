import { readChunks } from './chunks.ts'

/** Reads a body line by line; an empty line is left out. A loop that is left cancels the body. Throws a ConnectionError where it stalls. */
export async function * readLines (body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of readChunks(body)) {
    const lines = decoder.decode(chunk, { stream: true }).split('\n')
    for (const line of lines.slice(0, -1)) {
      const whole = parts.join('') + line
      parts = []
      if (whole.trim() !== '') yield whole
    }
    parts.push(lines.at(-1) ?? '')
  }
  const last = parts.join('') + decoder.decode()
  if (last.trim() !== '') yield last
}
