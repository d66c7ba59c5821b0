import { JobError } from '../../core/failures.ts'
import type { Listening, Subscriber } from '../subscriber.ts'
import { Ring, type RingRoom } from './ring.ts'
import type { Source, Stretch, TopicState } from './source.ts'

/** Events read at one time. */
const READ_EVENTS = 200

export interface TailOptions {
  source: Source
  subscriber: Pick<Subscriber, 'listen'>
  room: RingRoom
  /** What is read first is what follows this. */
  after: number
  state: TopicState
}

/**
 * The end of a topic's events, which all its readers in a process share: one subscription, made when somebody first waits, and one read for all of what is
 * new, made when somebody asks for it. Stale is a tail that may have missed a word: when it begins to listen, after each break, and now and then; it then reads the state
 * before it trusts what it knows.
 */
export class Tail {
  readonly source: Source
  readonly #subscriber: Pick<Subscriber, 'listen'>
  readonly ring: Ring
  readonly #waiting = new Set<() => void>()
  readonly #pages = new Map<string, Promise<Stretch | undefined>>()
  readers = 0
  /** Times that Redis was seen to have lost events: what readers have seen is then not what is there. */
  losses = 0
  begin: number
  #newest: number
  #isStale = false
  /** The newest event is the last. */
  #isOver: boolean
  #listening: Listening | undefined
  #keeping: NodeJS.Timeout | undefined
  #refreshing: Promise<void> | undefined
  /** Why the channel cannot be listened to. */
  #failure: Error | undefined

  constructor ({ source, subscriber, room, after, state }: TailOptions) {
    this.source = source
    this.#subscriber = subscriber
    this.ring = new Ring(room, Math.min(after, state.newest))
    this.#newest = state.newest
    this.#isOver = state.isOver
    this.begin = state.begin
  }

  /** Nothing follows what the ring holds. */
  get isOver (): boolean {
    return this.#isOver && this.ring.last >= this.#newest
  }

  /** There is more than the ring holds, or may be. While it is being read, nobody begins to wait: what wakes those who do may have come already. */
  get isBehind (): boolean {
    return this.#isStale || this.#refreshing !== undefined || this.ring.last < this.#newest
  }

  /** Takes a state that was just read. */
  learn ({ newest, begin, isOver }: TopicState): void {
    this.#newest = Math.max(this.#newest, newest)
    this.begin = begin
    this.#isOver ||= isOver
  }

  /** Reads the next events into the ring, once for all who ask meanwhile. */
  refresh (): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => { this.#refreshing = undefined })
    return this.#refreshing
  }

  /** Reads events that the ring no longer holds, once for all who ask for the same meanwhile. */
  async readOlder (after: number, limit: number): Promise<Stretch> {
    const key = `${after} ${limit}`
    const page = this.#pages.get(key) ?? this.source.readAfter(after, limit, this.ring.start).finally(() => this.#pages.delete(key))
    this.#pages.set(key, page)
    return await page ?? this.#explainMissing()
  }

  /** Resolves when there may be more, or the signal comes. */
  async wait (signal: AbortSignal): Promise<void> {
    this.#listen()
    if (this.#failure) throw this.#failure
    const { promise, resolve } = Promise.withResolvers<void>()
    const onWord = () => resolve()
    this.#waiting.add(onWord)
    signal.addEventListener('abort', onWord, { once: true })
    if (!signal.aborted) await promise
    signal.removeEventListener('abort', onWord)
    this.#waiting.delete(onWord)
  }

  close (): void {
    this.#listening?.stop()
    clearInterval(this.#keeping)
    this.ring.clear()
    this.#wake()
  }

  async #refresh (): Promise<void> {
    const wasStale = this.#isStale
    if (wasStale) await this.#readState()
    if (this.ring.last >= this.#newest) return
    const stretch = await this.source.readAfter(this.ring.last, READ_EVENTS, this.#newest)
    if (stretch) {
      this.ring.append(stretch.events, stretch.last)
      if (stretch.events.some(({ type }) => this.source.isLast(type))) this.#isOver = true
      this.#wake()
    } else if (wasStale) {
      return this.#explainMissing()
    } else {
      // Redis may have lost what it told of.
      this.#newest = this.ring.last
      this.#isStale = true
    }
  }

  async #readState (): Promise<void> {
    this.#isStale = false
    try {
      const state = await this.source.readState()
      if (state.newest < this.ring.last) this.#goBack(state.newest)
      this.learn(state)
    } catch (error) {
      this.#isStale = true
      throw error
    }
  }

  #goBack (to: number): void {
    this.ring.clear(to)
    this.#newest = to
    this.losses += 1
    this.#wake()
  }

  async #explainMissing (): Promise<never> {
    await this.source.readState() // it may have been removed meanwhile
    throw new JobError('UNAVAILABLE', 'Cannot read the events: Redis has lost some of them')
  }

  #listen (): void {
    if (this.#listening) return
    this.#listening = this.#subscriber.listen(this.source.channel, (message) => {
      if (message === undefined) this.#isStale = true
      else this.#newest = Math.max(this.#newest, Number(message))
      this.#wake()
    })
    this.#listening.confirmed.then(() => this.#doubt(), (error: Error) => {
      this.#failure = error
      this.#wake()
    })
    this.#keeping = setInterval(() => this.#doubt(), this.source.keepEveryMs)
  }

  #doubt (): void {
    this.#isStale = true
    this.#wake()
  }

  #wake (): void {
    for (const onWord of this.#waiting) onWord()
  }
}
