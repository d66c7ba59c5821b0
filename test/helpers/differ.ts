import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import type { Guest } from './guest.ts'

/** Calls that are made in one job: it has a limit of its processor time. */
const CALLS_A_JOB = 1000

/**
 * Holds what expressions do in the sandbox against what they do in plain Node, in this process: what they answer, now or later, or the name, code and message of what
 * they throw. `setup` is code that both run before.
 */
export async function assertSameAsNode (guest: Guest, setup: string, expressions: readonly string[]): Promise<void> {
  const different: { expression: string, node: string | undefined, guest: string | undefined }[] = []
  for (let at = 0; at < expressions.length; at += CALLS_A_JOB) {
    const some = expressions.slice(at, at + CALLS_A_JOB)
    const tried = some.map((expression) => `() => (${expression})`).join(',\n')
    const inGuest = await guest.resultOf(`${describeAll.toString()}\n${setup}\nexport default () => describeAll([${tried}])`, { tools: ['crypto'], limits: { timeoutMs: 60_000, cpuMs: 60_000, resultBytes: 60_000_000 } }) as string[]
    const inNode = await (new Function('require', 'describeAll', `'use strict'; ${setup}\nreturn describeAll([${tried}])`) as (...args: unknown[]) => Promise<string[]>)(createRequire(import.meta.url), describeAll)
    different.push(...some.flatMap((expression, i) => inGuest[i] === inNode[i] ? [] : [{ expression, node: inNode[i], guest: inGuest[i] }]))
  }
  assert.deepEqual(different.slice(0, 20), [], `${different.length} of ${expressions.length} calls differ`)
}

/** Runs on both sides: it must use nothing but the language. */
async function describeAll (calls: (() => unknown)[]): Promise<string[]> {
  const texts: string[] = []
  for (const call of calls) {
    try {
      texts.push(describe(await call(), 0))
    } catch (error) {
      const { name, code, message } = error as { name: string, code?: string, message: string } // or anything else: then they are undefined
      texts.push(`throws ${name} ${code} ${message}`)
    }
  }
  return texts

  function describe (value: unknown, depth: number): string {
    if (typeof value === 'string') return JSON.stringify(value)
    if (typeof value === 'bigint') return `${value}n`
    if (Object.is(value, -0)) return '-0'
    if (typeof value === 'function') return `function ${value.name} ${value.length}`
    if (typeof value !== 'object' || value === null) return String(value)
    if (depth > 4) return '…'
    const name = String(Object.getPrototypeOf(value)?.constructor?.name)
    if (ArrayBuffer.isView(value)) return `${name} ${new Uint8Array(value.buffer, value.byteOffset, value.byteLength).join(' ')}`
    if (value instanceof Promise) return name // async hooks put members of their own on those of Node
    if (value instanceof Error) return `error ${value.name} ${value.message}`
    if (typeof (value as Iterator<unknown>).next === 'function') return `${name} ${describe([...value as Iterable<unknown>], depth + 1)}`
    const members = Reflect.ownKeys(value).map((key) => `${String(key)}: ${describe((value as Record<PropertyKey, unknown>)[key], depth + 1)}`)
    return `${name} {${members.join(', ')}}`
  }
}
