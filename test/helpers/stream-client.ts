import { once } from 'node:events'
import { decode, encode } from '@msgpack/msgpack'
import { WebSocket, type ClientOptions } from 'ws'
import { ControlMessage, EventMessage, type StreamProtocol } from '../../src/core/stream-protocol.ts'
import type { Scope } from './scope.ts'

export type Message = ControlMessage | EventMessage

const CONTROL: ReadonlySet<string> = new Set(ControlMessage.options.map(({ shape }) => shape.type.value))

/** A client of `GET /v1/stream` that keeps what it was sent. */
export interface StreamClient {
  readonly socket: WebSocket
  readonly messages: Message[]
  /** How many messages each frame of events had. */
  readonly frames: number[]
  send (...messages: object[]): void
  subscribe (topic: string, options?: { subscription?: string, after?: number, delivery?: string, batch?: object }): void
  /** Resolves with the first message that the check takes, of those there are and those to come. Rejects if the connection closes before. */
  next (check: (message: Message) => boolean): Promise<Message>
  /** Resolves with the code that the connection was closed with, and the reason. */
  closed: Promise<{ code: number, reason: string }>
}

export interface StreamClientOptions extends ClientOptions {
  protocol?: StreamProtocol
  /** More subprotocols to offer. */
  offer?: string[]
}

/** Connects to a service, and waits until that is done. Every message that comes is checked against the protocol. */
export async function connectStream (scope: Scope, url: string, { protocol = 'batchbox.v1.json', offer = [], ...options }: StreamClientOptions): Promise<StreamClient> {
  const socket = new WebSocket(new URL('/v1/stream', url.replace(/^http/, 'ws')), [protocol, ...offer], options)
  const isJson = protocol === 'batchbox.v1.json'
  const messages: Message[] = []
  const frames: number[] = []
  const { promise: closed, resolve: onClosed } = Promise.withResolvers<{ code: number, reason: string }>()
  let change = Promise.withResolvers<void>()
  const tell = () => {
    change.resolve()
    change = Promise.withResolvers()
  }
  socket.on('error', () => {}) // the close that follows tells
  socket.once('close', (code, reason) => {
    onClosed({ code, reason: reason.toString() })
    tell()
  })
  socket.on('message', (data: Buffer) => {
    const frame: unknown = isJson ? JSON.parse(data.toString()) : decode(data)
    const came = (Array.isArray(frame) ? frame as unknown[] : [frame]).map(parseMessage)
    if (came.every(isEvent)) frames.push(came.length)
    messages.push(...came)
    tell()
  })
  scope.after(() => socket.terminate())
  await Promise.race([once(socket, 'open'), once(socket, 'unexpected-response').then(([, { statusCode }]) => { throw new Error(`Cannot connect: the answer is ${statusCode}`) })])

  const send = (...sent: object[]) => {
    const frame = sent.length === 1 ? sent[0] : sent
    socket.send(isJson ? JSON.stringify(frame) : encode(frame))
  }
  return {
    socket,
    messages,
    frames,
    closed,
    send,
    subscribe (topic, { subscription = 's', ...rest } = {}) { send({ type: 'subscribe', payload: { subscription, topic, ...rest } }) },
    async next (check) {
      for (;;) {
        const found = messages.find(check)
        if (found) return found
        if (socket.readyState === socket.CLOSED) throw new Error('Cannot read a message: the connection has closed')
        await change.promise
      }
    },
  }
}

export function isEvent (message: Message): message is EventMessage {
  return !CONTROL.has(message.type)
}

function parseMessage (message: unknown): Message {
  const { type } = message as { type: string } // the schema looks at it
  return CONTROL.has(type) ? ControlMessage.parse(message) : EventMessage.parse(message)
}
