import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'

/** What is looked at, and what is kept. A stack is the user's own text: it may be long, and say anything. */
const INPUT_CHARS = 1_048_576
const HEADER_CHARS = 4096
const OUTPUT_CHARS = 8192
const MAX_FRAMES = 50
const FRAME_CHARS = 500
const FRAME_START = '\n    at '
const FRAME_INDENT = 4
const POSITION = /^(\d{1,9}):(\d{1,9})$/

/**
 * Leaves of a stack its first lines and the frames that are in the user's file, with the positions of the source when there is a map
 * (version 3, as esbuild writes it). Frames of the host, and those of helpers that no source stands behind, are dropped.
 * Never throws; takes time in proportion to the stack.
 */
export function mapStack (stack: string, file: string, map: string | null): string {
  return createStackMapper(file, map)(stack)
}

/** Answers a function that does so with many stacks: the map, which costs more than any stack, is read with the first frames. */
export function createStackMapper (file: string, map: string | null): (stack: string) => string {
  let tracer: TraceMap | null | undefined
  return (stack) => {
    const text = stack.slice(0, INPUT_CHARS)
    const start = `\n${text}`.indexOf(FRAME_START) // found at the index that it has without the newline in front
    const header = (start < 0 ? text : text.slice(0, Math.max(0, start - 1))).slice(0, HEADER_CHARS)
    if (start >= 0) tracer ??= readMap(map)
    const frames = start < 0 ? [] : mapFrames(text.slice(start), file, tracer ?? null)
    return [header, ...frames].filter(Boolean).join('\n').slice(0, OUTPUT_CHARS)
  }
}

/**
 * Answers a function that puts the positions of the source into the stacks that stand in a text, such as a log line; whatever else is in
 * it stays. The map is read when the first frame is met. Never throws; takes time in proportion to the text.
 */
export function createTextMapper (file: string, map: string): (text: string) => string {
  let tracer: TraceMap | null | undefined
  const mapLine = (line: string): string => {
    const indent = line.length - line.trimStart().length - FRAME_INDENT
    const frame = indent >= 0 && line.length <= FRAME_CHARS ? parseFrame(line.slice(indent), file) : undefined
    if (!frame) return line
    if (tracer === undefined) tracer = readMap(map)
    const place = tracer && findSource(tracer, frame)
    return place ? `${line.slice(0, indent)}${frame.before}${file}:${place.line}:${place.column}${frame.after}` : line
  }
  return (text) => (text.includes(`${file}:`) ? text.split('\n').map(mapLine).join('\n') : text)
}

function mapFrames (text: string, file: string, tracer: TraceMap | null): string[] {
  const frames: string[] = []
  for (let at = 0; at < text.length && frames.length < MAX_FRAMES;) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end)
    at = end < 0 ? text.length : end + 1
    const frame = line.length <= FRAME_CHARS ? parseFrame(line, file) : undefined
    if (!frame) continue
    const place = tracer ? findSource(tracer, frame) : frame
    if (place) frames.push(`${frame.before}${file}:${place.line}:${place.column}${frame.after}`)
  }
  return frames
}

interface Place {
  /** Both from 1. */
  line: number
  column: number
}

function parseFrame (line: string, file: string): (Place & { before: string, after: string }) | undefined {
  if (!line.startsWith('    at ')) return undefined
  const after = line.endsWith(')') ? ')' : ''
  const name = line.lastIndexOf(`${file}:`)
  if (name < 0 || !'( '.includes(line.charAt(name - 1))) return undefined
  const position = POSITION.exec(line.slice(name + file.length + 1, line.length - after.length))
  if (!position) return undefined
  return { before: line.slice(0, name), line: Number(position[1]), column: Number(position[2]), after }
}

function findSource (tracer: TraceMap, { line, column }: Place): Place | undefined {
  if (line < 1 || column < 1) return undefined
  try {
    const source = originalPositionFor(tracer, { line, column: column - 1 })
    return source.line === null ? undefined : { line: source.line, column: source.column + 1 }
  } catch {
    return undefined // the mappings are decoded when they are first asked for
  }
}

/** Without a readable map positions stay as they are. */
function readMap (map: string | null): TraceMap | null {
  try {
    return map === null ? null : new TraceMap(map)
  } catch {
    return null
  }
}
