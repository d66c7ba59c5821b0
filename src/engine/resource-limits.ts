import { findPrefix } from './util-linux.ts'

const MB = 1_048_576
let found: readonly string[] | undefined

/** What Linux holds one process to (setrlimit(2)). Limits that are left out stay as they are. */
export interface ResourceLimits {
  /** Memory that it may write and shares with nobody, touched or not (RLIMIT_DATA). */
  dataMb?: number | undefined
  /** One more than the highest descriptor it may open (RLIMIT_NOFILE). */
  openFiles?: number | undefined
}

/**
 * Answers the words to put before a command so that it runs under limits, and never leaves a core dump: it would hold the data of tenants.
 * None where prlimit (util-linux) is missing or does not work. prlimit becomes the command, so the process id is the command's.
 */
export function resourceLimitPrefix ({ dataMb, openFiles }: ResourceLimits): readonly string[] {
  found ??= findPrefix('prlimit', ['--core=0'])
  if (found.length === 0) return []
  return [
    ...found,
    ...(dataMb === undefined ? [] : [`--data=${dataMb * MB}`]),
    ...(openFiles === undefined ? [] : [`--nofile=${openFiles}`]),
  ]
}
