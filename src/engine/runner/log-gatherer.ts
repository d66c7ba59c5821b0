/** A frame to the worker stays well below what it takes, whatever the text becomes in UTF-8. */
const MESSAGE_CHARS = 1_000_000

/**
 * Joins log lines that the guest handed over one by one: everything of one turn of the event loop becomes one message, in order.
 * What was dropped always stands before the lines of its message.
 */
export class LogGatherer {
  readonly #send: (lines: string, droppedLines: number, droppedBytes: number) => void
  #parts: string[] = []
  #chars = 0
  #droppedLines = 0
  #droppedBytes = 0
  #turn: NodeJS.Immediate | undefined

  /** `send` gets the text of a JSON array of lines. */
  constructor (send: (lines: string, droppedLines: number, droppedBytes: number) => void) {
    this.#send = send
  }

  /** Takes elements of a JSON array, as text, with commas between them; the text may be empty. */
  take (lines: string, droppedLines: number, droppedBytes: number): void {
    if (droppedLines > 0 || this.#chars + lines.length > MESSAGE_CHARS) this.flush()
    if (lines !== '') this.#parts.push(lines)
    this.#chars += lines.length
    this.#droppedLines += droppedLines
    this.#droppedBytes += droppedBytes
    this.#turn ??= setImmediate(() => this.flush())
  }

  /** Sends what is held now. To be called before the end of the run is told. */
  flush (): void {
    clearImmediate(this.#turn)
    this.#turn = undefined
    if (this.#parts.length === 0 && this.#droppedLines === 0) return
    const lines = `[${this.#parts.join(',')}]`
    this.#parts = []
    this.#chars = 0
    this.#send(lines, this.#droppedLines, this.#droppedBytes)
    this.#droppedLines = this.#droppedBytes = 0
  }
}
