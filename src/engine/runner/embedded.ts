import { MessageChannel, parentPort } from 'node:worker_threads'
import type { FromRunner, FromThread } from '../../core/runner-messages.ts'
import type { ToolScripts, ToRunner, ToThread } from '../../core/runner-protocol.ts'
import type { RunnerPool } from './pool.ts'
import { pass, relay } from './relay.ts'
import handle, { retire, type ThreadMessage } from './thread.ts'

// A runner that is a thread of the process that embeds the engine: the same code as in a runner process, without what only a process can give up.

const host = parentPort ?? fail()
const { port1, port2 } = new MessageChannel()
const pool: RunnerPool = {
  run: (task) => handle({ type: 'run', ...task }),
  order: (order) => port1.postMessage(order),
}

host.on('message', (message: ToThread) => {
  if (!message) return void end()
  const { header, body } = message
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (header.type === 'boot') void boot(header, JSON.parse(bytes.toString()) as ToolScripts) // made by the engine
  else pass(header, bytes, pool)
})
port1.on('message', (message: ThreadMessage) => { if (message.type !== 'warm') relay(message, send) })

async function boot ({ memoryMb, archives }: Extract<ToRunner, { type: 'boot' }>, tools: ToolScripts): Promise<void> {
  await handle({ type: 'warm-up', thread: 0, port: port2, archives, tools, memoryMb, embedded: { onLost: (lost) => host.postMessage({ lost } satisfies FromThread, []) } })
  send({ type: 'ready', isolation: { permission: false, uid: process.getuid?.() ?? null } })
}

/** The thread ends when nothing keeps it any more: to end it from outside would end the process, where an isolate runs. */
async function end (): Promise<void> {
  await retire()
  port1.close()
  host.close()
}

function send (header: FromRunner, body: Uint8Array = new Uint8Array()): void {
  const bytes = new Uint8Array(body) // Node keeps small buffers together
  host.postMessage({ header, body: bytes } satisfies FromThread, [bytes.buffer])
}

function fail (): never {
  throw new TypeError('Cannot serve: this is no thread')
}
