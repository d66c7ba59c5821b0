import { keptFolder } from '../core/kept-folder.ts'

let found: { folder: string | undefined } | undefined

/**
 * Answers the folder where runners keep what V8 and Node made of their own source, for the next one to start in two thirds of the time.
 * Undefined where nothing is kept. It is there: Node's permission model wants that.
 */
export function runnerCache (): string | undefined {
  found ??= { folder: keptFolder('runner') }
  return found.folder
}
