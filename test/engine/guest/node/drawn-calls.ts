import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import * as fc from 'fast-check'
import { assertSameAsNode } from '../../../helpers/differ.ts'
import type { Guest } from '../../../helpers/guest.ts'

/** The code of an expression. */
export type Code = fc.Arbitrary<string>

/** Draws other calls when `DRAWN_SEED` is another number. */
export const SEED = Number(process.env.DRAWN_SEED ?? 26)

/** The code of a value that is JSON. */
export const quoted = (value: unknown): string => JSON.stringify(value)

/** What no function means to be given. */
export const odd: Code = fc.constantFrom('undefined', 'null', '0', '-0', '-1', '1.5', 'NaN', 'Infinity', '2 ** 40', '"x"', '""', '[]', '["a"]', '{}', 'true', 'false', 'Symbol("s")', '(() => 1)', '10n', 'new Date(0)', '/x/', 'new String("text")', 'Object.create(null)')

/** Mostly what is meant, now and then anything. */
export const mostly = (code: Code, weight = 30): Code => fc.oneof({ weight, arbitrary: code }, { weight: 1, arbitrary: odd })

/** A text of some of the pieces. */
export const textOf = (pieces: readonly string[], maxLength = 12): Code => fc.string({ unit: fc.constantFrom(...pieces), maxLength }).map(quoted)

/** A call with as many of its arguments as come. */
export const call = (name: string, ...args: Code[]): Code =>
  fc.tuple(fc.tuple(...args), fc.oneof({ weight: 2, arbitrary: fc.constant(args.length) }, fc.integer({ min: 0, max: args.length }))).map(([list, count]) => `${name}(${list.slice(0, count).join(', ')})`)

/** A list of as many as come. */
export const list = (item: Code, maxLength = 4): Code => fc.array(item, { maxLength }).map((items) => `[${items.join(', ')}]`)

/** An object with some of the members. */
export const object = (members: Readonly<Record<string, Code>>): Code => fc.record(members, { requiredKeys: [] }).map((all) => `{ ${Object.entries(all).map(([key, value]) => `${key}: ${value}`).join(', ')} }`)

/**
 * Holds drawn calls against plain Node, a number of each kind. `setup` is code that both sides run before. A call that differs is in the failure; the seed, by which
 * all of them are drawn again, is told.
 */
export async function assertDrawnSame (t: TestContext, guest: Guest, { setup, kinds, callsOfAKind }: { setup: string, kinds: Readonly<Record<string, Code>>, callsOfAKind: number }): Promise<void> {
  const calls = new Set(Object.values(kinds).flatMap((kind) => fc.sample(kind, { numRuns: callsOfAKind, seed: SEED })))
  t.diagnostic(`${calls.size} calls with DRAWN_SEED=${SEED}`)

  assert.ok(calls.size > Object.keys(kinds).length * callsOfAKind / 3, `Only ${calls.size} calls are not the same`)
  await assertSameAsNode(guest, setup, [...calls])
}
