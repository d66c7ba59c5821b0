const CHARS = 1000
/** Frames of native code, with addresses, and V8's rulers around what it has to say. */
const NOISE = /^\s*(?:#*|\d+:? 0x[0-9a-f]+.*|-{3,}.*-{3,}|.*\[0x[0-9a-f]+\].*)\s*$/i
const PATH = /(?:file:\/\/)?(?:\/[^\s/:()[\]]+)+\//g
const ADDRESS = /\b0x[0-9a-f]{4,}\b/gi

/** What a dying process said, without the paths and addresses of its machine: clients read it as evidence. At most 1000 characters. */
export function readCrashWords (stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !NOISE.test(line))
  return lines.map((line) => line.replace(/^# /, '').replaceAll(PATH, '').replaceAll(ADDRESS, '0x…')).join('\n').slice(0, CHARS)
}
