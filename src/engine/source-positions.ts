import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'

/** What is looked at, and what is kept. A stack is the user's own text: it may be long, and say anything. */
const INPUT_CHARS = 1_048_576
const HEADER_CHARS = 4096
const OUTPUT_CHARS = 8192
const MAX_FRAMES = 50
const FRAME_CHARS = 500
const FRAME_START = '\n    at '
const FRAME_INDENT = 4
const FRAME_LINE = '    at '
/** No name of a file has white space, a bracket or a colon. A line has no more than `FRAME_CHARS`. */
const FRAME = /^( {4}at (?:.*[( ])?)([^\s():]+):(\d{1,9}):(\d{1,9})(\)?)$/

/** A file of the user's. With a map (version 3, as esbuild writes it) its positions are not those of its source. */
export interface MappedFile {
  file: string
  map: string | null
}

/**
 * Leaves of a stack its first lines and the frames that are in the user's files, with the positions of the sources. Frames of the host, and those of
 * helpers that no source stands behind, are dropped. Never throws; takes time in proportion to the stack.
 */
export function mapStack (stack: string, files: readonly MappedFile[]): string {
  return createStackMapper(files)(stack)
}

/** Answers a function that does so with many stacks: the maps, which cost more than any stack, are read with the first frames of their files. */
export function createStackMapper (files: readonly MappedFile[]): (stack: string) => string {
  const tracers = createTracers(files)
  return (stack) => {
    const text = stack.slice(0, INPUT_CHARS)
    const start = `\n${text}`.indexOf(FRAME_START) // found at the index that it has without the newline in front
    const header = (start < 0 ? text : text.slice(0, Math.max(0, start - 1))).slice(0, HEADER_CHARS)
    const frames = start < 0 ? [] : mapFrames(text.slice(start), tracers)
    return [header, ...frames].filter(Boolean).join('\n').slice(0, OUTPUT_CHARS)
  }
}

/**
 * Answers a function that puts the positions of the sources into the stacks that stand in a text, such as a log line; whatever else is in
 * it stays. A map is read when the first frame of its file is met. Never throws; takes time in proportion to the text.
 */
export function createTextMapper (files: readonly MappedFile[]): (text: string) => string {
  if (files.every(({ map }) => map === null)) return (text) => text
  const tracers = createTracers(files)
  const mapLine = (line: string): string => {
    const indent = line.length - line.trimStart().length - FRAME_INDENT
    const frame = indent >= 0 && line.length <= FRAME_CHARS ? parseFrame(line.slice(indent), tracers) : undefined
    const place = frame && findSource(frame, tracers)
    return frame && place ? `${line.slice(0, indent)}${writeFrame(frame, place)}` : line
  }
  return (text) => (text.includes(FRAME_LINE) ? text.split('\n').map(mapLine).join('\n') : text)
}

/** Of each file: what finds its sources' positions; null where those are the same. */
type Tracers = ReadonlyMap<string, () => TraceMap | null>

function createTracers (files: readonly MappedFile[]): Tracers {
  return new Map(files.map(({ file, map }) => {
    let tracer: TraceMap | null | undefined
    return [file, () => tracer === undefined ? tracer = readMap(map) : tracer]
  }))
}

function mapFrames (text: string, tracers: Tracers): string[] {
  const frames: string[] = []
  for (let at = 0; at < text.length && frames.length < MAX_FRAMES;) {
    const end = text.indexOf('\n', at)
    const line = text.slice(at, end < 0 ? text.length : end)
    at = end < 0 ? text.length : end + 1
    const frame = line.length <= FRAME_CHARS ? parseFrame(line, tracers) : undefined
    const place = frame && findSource(frame, tracers)
    if (frame && place) frames.push(writeFrame(frame, place))
  }
  return frames
}

interface Place {
  /** Both from 1. */
  line: number
  column: number
}

interface Frame extends Place {
  before: string
  file: string
  after: string
}

/** Reads a line that is a frame of one of the files. */
function parseFrame (line: string, tracers: Tracers): Frame | undefined {
  const [, before, file, lineNumber, column, after] = FRAME.exec(line) ?? []
  if (before === undefined || file === undefined || after === undefined || !tracers.has(file)) return undefined
  return { before, file, line: Number(lineNumber), column: Number(column), after }
}

function writeFrame ({ before, file, after }: Frame, { line, column }: Place): string {
  return `${before}${file}:${line}:${column}${after}`
}

function findSource ({ file, line, column }: Frame, tracers: Tracers): Place | undefined {
  const tracer = tracers.get(file)?.()
  if (!tracer) return { line, column }
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
