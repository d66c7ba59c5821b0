import { styleText } from 'node:util'
import type { WriteStream } from 'node:tty'

type Format = Parameters<typeof styleText>[0]

/** Where a command writes: what it answers, and what it says meanwhile. */
export interface Terminal {
  /** Whether lines can be redrawn in place. */
  readonly live: boolean
  readonly columns: number
  /** Colours a text where the output shows colours: not when it is no terminal, nor with NO_COLOR. */
  style(format: Format, text: string): string
  /** Writes a line of the command's answer. */
  print(line?: string): void
  /** Writes a line about what goes on, beside the answer. */
  note(line: string): void
  /** Writes without ending the line: for redrawing. */
  write(text: string): void
  /** Passes on what another process writes. */
  forward(out: NodeJS.ReadableStream, err: NodeJS.ReadableStream): void
}

const DEFAULT_COLUMNS = 100

export function buildTerminal (out: NodeJS.WritableStream, err: NodeJS.WritableStream): Terminal {
  const tty = out as Partial<WriteStream> // only a terminal has these members; any other stream has none of them
  return {
    live: tty.isTTY === true,
    columns: tty.columns ?? DEFAULT_COLUMNS,
    style: (format, text) => styleText(format, text, { stream: out as NodeJS.WriteStream }), // styleText looks at isTTY and getColorDepth only
    print: (line = '') => { out.write(`${line}\n`) },
    note: (line) => { err.write(`${line}\n`) },
    write: (text) => { out.write(text) },
    forward: (childOut, childErr) => {
      childOut.pipe(out, { end: false })
      childErr.pipe(err, { end: false })
    },
  }
}
