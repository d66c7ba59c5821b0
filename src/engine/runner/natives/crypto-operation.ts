import type { CallArguments } from './crypto-arguments.ts'
import type { NativeAnswer } from './native.ts'

/** What an operation answers: members that JSON can carry, and buffers, which go beside it. One that is undefined is left out. */
export type Members = Readonly<Record<string, unknown>>

/** One thing that `node:crypto` has done for it. */
export interface Operation {
  /** The method of Web Cryptography that does as much: who may not call that may not have this done either. Null for what goes on with something that was begun. */
  as: string | null
  run (args: CallArguments): Members | void
}
export type Operations = Readonly<Record<string, Operation>>

/** Text that says of each buffer where it begins among the bytes, and how long it is. */
export function packMembers (members: Members): NativeAnswer {
  const spans: Record<string, [at: number, size: number]> = {}
  const parts: Buffer[] = []
  const rest: Record<string, unknown> = {}
  let at = 0
  for (const [name, value] of Object.entries(members)) {
    if (!Buffer.isBuffer(value)) {
      rest[name] = value
      continue
    }
    spans[name] = [at, value.length]
    parts.push(value)
    at += value.length
  }
  return { text: JSON.stringify({ ...rest, spans }), bytes: Buffer.concat(parts) }
}

/** What Node and OpenSSL say of arguments is told as it is: it tells of those alone. */
export function describeError (error: Error): Members {
  const { name, message, code, library, reason, opensslErrorStack } = error as Error & Record<string, unknown> // which OpenSSL's errors have
  return { name, message, code, library, reason, opensslErrorStack, function: (error as Error & Record<string, unknown>)['function'] }
}

/** Options without those that were not given: for Node, one that is undefined may be another than one that is missing. */
export function given<T extends object> (options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T // it has nothing else
}
