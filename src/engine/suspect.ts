import type { Limits } from '../core/limits.ts'
import type { CrashEvidence, Suspect } from '../core/outcome.ts'
import { SILENCE } from './heartbeat.ts'

const MB = 1_048_576
/** What V8 and the system's libraries say when there is no more memory, or when one thing alone is larger than they can hold. */
const OUT_OF_MEMORY = /out of memory|heap limit|allocation failed|invalid (?:array length|size|string length)|bad_alloc/i
/** A share of a limit from which on it is suspected. */
const NEAR = 0.8
/** Signals by which a process ends itself when it cannot go on. */
const OWN_SIGNALS: ReadonlySet<string | null> = new Set(['SIGABRT', 'SIGTRAP', 'SIGSEGV', 'SIGILL', 'SIGBUS', 'SIGFPE'])

/**
 * Single calls of the language that nothing but the end of the process stops, or that hold memory outside of any limit, as they stand in
 * code. They are looked for in code of a million characters: none of the expressions may look far.
 */
const KILLERS: readonly (readonly [name: string, sign: RegExp])[] = [
  ['BigInt **', /\dn\)?\s{0,4}\*\*|\*\*\s{0,4}\(?\s{0,4}\d{1,20}n\b/],
  ['BigInt <<', /\dn\)?\s{0,4}<<|<<\s{0,4}\(?\s{0,4}\d{1,20}n\b/],
  ['JSON.stringify', /\bJSON\s{0,4}\.\s{0,4}stringify\b/],
  ['JSON.parse', /\bJSON\s{0,4}\.\s{0,4}parse\b/],
  ['new RegExp', /\bRegExp\s{0,4}\(/],
  ['new Array', /\bArray\s{0,4}\(/],
  ['Array.from', /\bArray\s{0,4}\.\s{0,4}from\b/],
  ['Intl', /\bIntl\s{0,4}\./],
  ...['fill', 'split', 'join', 'repeat', 'padStart', 'padEnd', 'concat', 'indexOf', 'lastIndexOf', 'includes', 'reverse', 'sort', 'flat', 'copyWithin', 'toString', 'toLocaleString']
    .map((name) => [name, new RegExp(`\\.\\s{0,4}${name}\\s{0,4}(?:\\(|\\.\\s{0,4}(?:call|apply)\\b)`)] as const),
]

/** What is known of a run whose runner died; of what the process used nothing when others were in it. */
export interface Death {
  evidence: Pick<CrashEvidence, 'signal' | 'reason' | 'stderr' | 'memoryCurve'>
  cpuMs: number
  shared: boolean
  limits: Pick<Limits, 'memoryMb' | 'cpuMs'>
  /** As it ran. */
  source: string
}

/** Guesses what killed a runner, for whoever reads the evidence; null when nothing speaks for anything. */
export function findSuspect (death: Death): Suspect | null {
  const { evidence: { signal, reason }, source } = death
  const hung = reason.includes(SILENCE)
  const limit = suspectLimit(death)
  if (!limit && !OWN_SIGNALS.has(signal) && !hung) return null // whoever it was, it was not the code
  const builtIns = KILLERS.filter(([, sign]) => sign.test(source)).map(([name]) => name)
  if (!limit && builtIns.length === 0) return null
  return { limit: limit?.name ?? null, builtIns, why: limit?.why ?? (hung ? 'its thread hung' : `it ended itself by ${signal}`) }
}

function suspectLimit ({ evidence: { stderr, memoryCurve }, cpuMs, shared, limits }: Death): { name: 'memoryMb' | 'cpuMs', why: string } | undefined {
  const words = OUT_OF_MEMORY.exec(stderr)?.[0]
  if (words !== undefined) return { name: 'memoryMb', why: `its last words were of "${words}"` }
  if (shared) return undefined
  const heldMb = Math.round((memoryCurve.at(-1)?.[1] ?? 0) / MB)
  if (heldMb >= limits.memoryMb * NEAR) return { name: 'memoryMb', why: `it had grown by ${heldMb} MB at the last look, memoryMb is ${limits.memoryMb}` }
  if (cpuMs >= limits.cpuMs * NEAR) return { name: 'cpuMs', why: `it had taken ${Math.round(cpuMs)} ms of processor time, cpuMs is ${limits.cpuMs}` }
  return undefined
}
