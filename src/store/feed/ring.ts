import type { FeedEvent } from './feed-event.ts'

/** Newest events that are kept of one topic. */
const EVENTS_MAX = 1000
const CHARS_MAX = 262_144
/** Characters of the newest events of all topics together; a topic that adds to more keeps its last stretch alone. */
const ALL_CHARS_MAX = 67_108_864
/** A page that holds so much ends early: a reader that does not read on keeps no more than that. */
export const PAGE_CHARS = 262_144

/** What the rings of one process hold together. */
export interface RingRoom {
  chars: number
}

/** The newest events of a topic, for all its readers: every one from `start` to `last`. */
export class Ring {
  readonly #room: RingRoom
  #events: FeedEvent[] = []
  #chars = 0
  /** Readers that have seen less have to look elsewhere. */
  start: number
  last: number

  constructor (room: RingRoom, start: number) {
    this.#room = room
    this.start = this.last = start
  }

  /** Adds what follows, as far as the cursor `last`; the oldest are dropped for it. */
  append (events: readonly FeedEvent[], last: number): void {
    const before = this.#events.length
    for (const event of events) this.#events.push(event)
    this.#grow(sum(events))
    this.last = last
    let dropped = 0
    const isFull = () => this.#events.length - dropped > EVENTS_MAX || this.#chars > CHARS_MAX || (dropped < before && this.#room.chars > ALL_CHARS_MAX)
    for (; dropped < this.#events.length - 1 && isFull(); dropped++) this.#grow(-(this.#events[dropped]?.json.length ?? 0))
    if (dropped > 0) this.start = this.#events[dropped - 1]?.cursor ?? this.start
    this.#events.splice(0, dropped)
  }

  /** The first events after a cursor that is not before `start`: one page. */
  read (after: number, limit: number): FeedEvent[] {
    return cutPage(this.#events, this.#find(after), limit)
  }

  /** Forgets all of them: what is added next follows that number. */
  clear (to = this.last): void {
    this.#grow(-this.#chars)
    this.#events = []
    this.start = this.last = to
  }

  #grow (chars: number): void {
    this.#chars += chars
    this.#room.chars += chars
  }

  /** Index of the first event after a cursor. */
  #find (after: number): number {
    let [low, high] = [0, this.#events.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#events[middle]?.cursor ?? Infinity) > after) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Takes events from an index on: at most that many, fewer where they are long, and one at least. */
export function cutPage (events: readonly FeedEvent[], from: number, limit: number): FeedEvent[] {
  let to = from
  for (let chars = 0; to < events.length && to - from < limit && chars < PAGE_CHARS; to++) chars += events[to]?.json.length ?? 0
  return events.slice(from, to)
}

function sum (events: readonly FeedEvent[]): number {
  return events.reduce((chars, { json }) => chars + json.length, 0)
}
