import type { Terminal } from '../terminal.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 80
const CLEAR_LINE = '\r\u001b[2K'
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'

/** A line that is redrawn while something goes on and stays once it is over. Off a terminal only its end is written. */
export interface LiveLine {
  /** Changes the text. */
  show(text: string): void
  /** Replaces the line by a last one. */
  end(text: string): void
}

/** Starts a line with a spinner and the seconds since. It must be ended. */
export function startLine (terminal: Terminal, text: string): LiveLine {
  if (!terminal.live) return { show: () => {}, end: (last) => terminal.print(last) }
  const started = performance.now()
  let shown = text
  let frame = 0
  const draw = () => {
    const seconds = terminal.style('dim', formatMs(performance.now() - started))
    terminal.write(`${CLEAR_LINE}  ${terminal.style('cyan', FRAMES[frame++ % FRAMES.length] ?? '')} ${shown}  ${seconds}`)
  }
  terminal.write(HIDE_CURSOR)
  draw()
  const timer = setInterval(draw, FRAME_MS)
  return {
    show: (next) => { shown = next },
    end: (last) => {
      clearInterval(timer)
      terminal.write(CLEAR_LINE + SHOW_CURSOR)
      terminal.print(last)
    },
  }
}

/** A duration as a person reads it: `0.4 ms`, `58 ms`, `1.2 s`. */
export function formatMs (ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`
  return `${ms >= 10 ? Math.round(ms) : ms.toFixed(1)} ms`
}
