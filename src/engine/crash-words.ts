const CHARS = 1000
/** Frames of native code, with addresses, and V8's rulers around what it has to say. The words may be made to keep an expression busy. */
const NOISE = /^(?:#*|\d+:? 0x[0-9a-f].*|---.*---|.*\[0x[0-9a-f]+\].*)$/i
const PATH = /(?:file:\/\/)?(?:\/[^\s/:()[\]]+)+\//g
/** What moves the cursor of a terminal, or turns text around: categories Cc and Cf of Unicode, but for the tab. */
const UNSEEN = /(?!\t)[\p{Cc}\p{Cf}]/gu
const ADDRESS = /\b0x[0-9a-f]{4,}\b/gi

/** What a dying process said, without the paths and addresses of its machine, and without anything that a terminal would obey: clients read it as evidence. At most 1000 characters. */
export function readCrashWords (stderr: string): string {
  const lines = stderr.split('\n').filter((line) => !NOISE.test(line.trim()))
  return lines.map((line) => line.replace(/^# /, '').replaceAll(PATH, '').replaceAll(ADDRESS, '0x…').replaceAll(UNSEEN, '')).join('\n').slice(0, CHARS)
}
