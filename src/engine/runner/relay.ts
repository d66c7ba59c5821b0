import type { FromRunner } from '../../core/runner-messages.ts'
import type { ToRunner } from '../../core/runner-protocol.ts'
import type { RunnerPool } from './pool.ts'
import type { ThreadMessage, ThreadOrder } from './thread.ts'

/** Hands on to a thread what the worker says, with its body. */
export function pass (message: Exclude<ToRunner, { type: 'boot' }>, body: Buffer, pool: RunnerPool): void {
  switch (message.type) {
    case 'run': return void run(message, body, pool)
    case 'stop': return pool.order(message)
    case 'records': return pool.order({ ...message, body: new Uint8Array(body) }) // a copy, which the thread is given for good
    case 'written': return pool.order(message)
    case 'answer': return pool.order(readAnswer(message, body))
  }
}

function run ({ type: _, codeBytes, sources, ...rest }: Extract<ToRunner, { type: 'run' }>, body: Buffer, pool: RunnerPool): Promise<void> {
  let at = 0
  const take = (bytes: number) => body.toString('utf8', at, at += bytes)
  const code = take(codeBytes)
  return pool.run({ ...rest, code, sources: sources.map(({ codeBytes: bytes, ...source }) => ({ ...source, code: take(bytes) })), input: body.toString('utf8', at) })
}

/** Tells the worker what a thread says: long texts travel as the body. */
export function relay (message: Exclude<ThreadMessage, { type: 'warm' }>, send: (message: FromRunner, body?: Uint8Array) => void): void {
  if (message.type === 'logs') {
    const { lines, ...header } = message
    send(header, Buffer.from(lines))
  } else if (message.type === 'output') {
    const { body, ...header } = message
    send(header, body)
  } else if (message.type === 'done') {
    const { result, ...header } = message
    send(header, result === null || header.failure ? undefined : Buffer.from(result))
  } else if (message.type === 'call') {
    const { text, bytes, ...header } = message
    const args = Buffer.from(text)
    send({ ...header, textBytes: args.length }, Buffer.concat([args, Buffer.from(bytes, 'latin1')]))
  } else {
    send(message)
  }
}

function readAnswer ({ textBytes, ...rest }: Extract<ToRunner, { type: 'answer' }>, body: Buffer): ThreadOrder {
  return { ...rest, text: body.toString('utf8', 0, textBytes), bytes: body.toString('latin1', textBytes) }
}
