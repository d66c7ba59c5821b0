import { z } from 'zod'

const count = z.int().min(0)

/** Runner processes: the fewest and the most that there may be, and those that there are, by what they do. */
export const PoolFigures = z.object({
  least: count.describe('Kept however little there is to do'),
  most: count.describe('That there may be'),
  starting: count,
  idle: count,
  busy: count,
  retiring: count.describe('That take no more runs, and end'),
})
export type PoolFigures = z.infer<typeof PoolFigures>
