import type { ChannelAddress, ChannelService } from '../../core/channel.ts'
import { ToolError, type ToolRun } from '../tool.ts'

/** A message as the guest half gets it: topic, JSON text, and how many of that topic were dropped before it. */
export type Delivery = [topic: string, text: string, dropped: number]

interface Message {
  topic: string
  text: string
}

/** Characters of messages that go to the guest at once; one always goes. */
const BATCH_CHARS = 1_048_576

/**
 * What one run listens to, and what it has not heard yet. A run that is busy does not hold anybody up: the oldest messages make room for new ones,
 * and are counted. Ends with its run.
 */
export class Ears {
  readonly #run: ToolRun
  readonly #options: { maxTopics: number, queue: number, channel: ChannelService }
  /** What ends each topic's subscription, once it has begun. */
  readonly #topics = new Map<string, Promise<() => void>>()
  readonly #dropped = new Map<string, number>()
  #messages: Message[] = []
  #heard: (() => void) | undefined

  constructor (run: ToolRun, options: { maxTopics: number, queue: number, channel: ChannelService }) {
    this.#run = run
    this.#options = options
    run.signal.addEventListener('abort', () => { for (const topic of this.#topics.keys()) this.ignore(topic) }, { once: true })
  }

  /** Resolves when what is emitted from then on is heard. */
  async listen (address: ChannelAddress): Promise<void> {
    await (this.#topics.get(address.topic) ?? this.#subscribe(address))
  }

  /** Hears no more of a topic; what waits of it is forgotten. */
  ignore (topic: string): void {
    const subscribed = this.#topics.get(topic)
    this.#topics.delete(topic)
    this.#dropped.delete(topic)
    this.#messages = this.#messages.filter((message) => message.topic !== topic)
    subscribed?.then((stop) => stop(), () => {}) // where it failed, `listen` has said so
  }

  /** Resolves with the oldest messages, when there are any. */
  async next (): Promise<Delivery[]> {
    if (this.#messages.length === 0) await new Promise<void>((resolve) => { this.#heard = resolve })
    const deliveries: Delivery[] = []
    for (let chars = 0; this.#messages.length > 0 && (deliveries.length === 0 || chars + this.#messages[0]!.text.length <= BATCH_CHARS);) { // there is one
      const { topic, text } = this.#messages.shift()! // as above
      chars += text.length
      deliveries.push([topic, text, this.#dropped.get(topic) ?? 0])
      this.#dropped.delete(topic)
      this.#run.receipt.use({ grant: 'channel', target: topic, method: 'hear', receivedBytes: Buffer.byteLength(text) })
    }
    return deliveries
  }

  #subscribe (address: ChannelAddress): Promise<() => void> {
    const { maxTopics, channel } = this.#options
    if (this.#topics.size >= maxTopics) throw new ToolError(`Cannot listen: the run listens to ${maxTopics} topics, the most; call channel.off for one`)
    const { topic } = address
    const subscribed: Promise<() => void> = channel.subscribe(address, (text, senderId) => {
      if (senderId !== this.#run.jobId && this.#topics.get(topic) === subscribed) this.#hear({ topic, text })
    })
    this.#topics.set(topic, subscribed)
    subscribed.catch(() => { if (this.#topics.get(topic) === subscribed) this.#topics.delete(topic) })
    this.#run.receipt.use({ grant: 'channel', target: topic, method: 'on' })
    return subscribed
  }

  #hear (message: Message): void {
    this.#messages.push(message)
    if (this.#messages.length > this.#options.queue) {
      const { topic } = this.#messages.shift()! // it is not empty
      this.#dropped.set(topic, (this.#dropped.get(topic) ?? 0) + 1)
    }
    this.#heard?.()
    this.#heard = undefined
  }
}
