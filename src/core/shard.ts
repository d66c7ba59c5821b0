import { z } from 'zod'

/** Where a shard stands in the whole: it takes the records that begin at or after `from`, and before the byte `to` of the content. */
const Shard = z.strictObject({
  /** From 0. */
  index: z.number().int().min(0),
  of: z.number().int().min(1),
  from: z.strictObject({ records: z.number().int().min(0), bytes: z.number().int().min(0) }),
  /** Null for the last one. */
  to: z.number().int().min(0).nullable(),
})
export type Shard = z.infer<typeof Shard>

/** The stored input of a job that is a shard of another: nobody posts it. */
export const ShardInput = z.strictObject({ $file: z.string(), shard: Shard })
export type ShardInput = z.infer<typeof ShardInput>

/** Reads the stored input of a transform as that of a shard; undefined where it is none. `input` is JSON text. */
export function readShard (input: string): ShardInput | undefined {
  if (!input.startsWith('{"$file"')) return undefined // nothing else has to be parsed: inputs may be long
  return ShardInput.safeParse(JSON.parse(input)).data
}
