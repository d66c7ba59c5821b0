import { z } from 'zod'
import { EventView } from '../core/events.ts'
import { After, buildPageSize, Wait } from './schemas.ts'

const EVENTS_MAX = 1000

/** How events of a job or a batch are asked for. */
export const EventQuery = z.strictObject({ after: After, limit: buildPageSize(EVENTS_MAX, 100), wait: Wait })

/** A page of them. */
export const EventAnswer = z.object({
  data: z.array(EventView),
  nextCursor: z.string().nullable().describe('Pass it as `after` for more; null once what they tell of has ended and all was read'),
})
