// Followers of one job in a process of their own, told what to do by messages. Ends with its parent, and after ten minutes whatever happens.
import type { Follow, FollowOrder } from './follower.ts'
import { followByLongPoll } from './long-poll.ts'
import { followBySse } from './sse.ts'
import { followByWebSocket } from './web-socket.ts'
import { percentile } from '../statistics.ts'

const LONGEST_MS = 600_000
const FOLLOWS = { 'Server-Sent Events': followBySse, 'WebSocket': followByWebSocket, 'long poll': followByLongPoll } as const satisfies Record<string, Follow>

export type Transport = keyof typeof FOLLOWS

/** `lines` are lines that each follower is to see from now on; `burst` are lines that are counted and not timed. */
export type Order =
  | { type: 'follow', transport: Transport } & FollowOrder
  | { type: 'time', lines: number }
  | { type: 'count', lines: number }

/** Of lines that hold the time when they were printed: milliseconds until each follower had each of them. `pieces` is in how many answers or messages they came. */
export interface Times { p50: number, p95: number, p99: number, pieces: number }
/** From the first of them that came to any follower until all had all. */
export interface Count { deliveries: number, tookMs: number }

let viewers = 0
let timing: { after: number, wanted: number, times: number[], pieces: number } | undefined
let counting: { wanted: number, left: number, seen: number[], first: number } | undefined
setTimeout(() => process.exit(1), LONGEST_MS)
process.on('disconnect', () => process.exit())
process.on('message', (order: Order) => { void obey(order) })

async function obey (order: Order): Promise<void> {
  if (order.type === 'time') return void (timing = { after: Date.now(), wanted: order.lines * viewers, times: [], pieces: 0 })
  if (order.type === 'count') return void (counting = { wanted: order.lines, left: viewers, seen: Array.from({ length: viewers }, () => 0), first: 0 })
  viewers = order.viewers
  await FOLLOWS[order.transport](order, hear)
  process.send?.({})
}

function hear (viewer: number, text: string): void {
  if (timing) takeTimes(timing, text)
  if (counting) takeCount(counting, viewer, text.split('"message":"burst').length - 1)
}

function takeTimes (told: NonNullable<typeof timing>, text: string): void {
  const { after, wanted, times } = told
  told.pieces += 1
  const now = Date.now()
  for (const [, printed] of text.matchAll(/"message":"at (\d+)"/g)) if (Number(printed) >= after) times.push(now - Number(printed))
  if (times.length < wanted) return
  timing = undefined
  process.send?.({ p50: percentile(times, 0.5), p95: percentile(times, 0.95), p99: percentile(times, 0.99), pieces: told.pieces } satisfies Times)
}

function takeCount (count: NonNullable<typeof counting>, viewer: number, lines: number): void {
  if (lines === 0) return
  if (count.first === 0) count.first = performance.now()
  const before = count.seen[viewer] ?? 0
  count.seen[viewer] = before + lines
  if (before >= count.wanted || before + lines < count.wanted) return
  count.left -= 1
  if (count.left > 0) return
  counting = undefined
  process.send?.({ deliveries: count.wanted * viewers, tookMs: performance.now() - count.first } satisfies Count)
}
