// A receiver of webhooks in a process of its own, told what to wait for by messages. Ends with its parent, and after ten minutes whatever happens.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

const LONGEST_MS = 600_000

/** `listen` answers the `url`; `receive` so many deliveries, once they are there. Each is told of once. */
export type ReceiverOrder = { type: 'listen' } | { type: 'receive', deliveries: number }

/** `delaysMs` are from the end of a job until the delivery that tells of it was there; `tookMs` is from the first to the last. */
export interface Received { tookMs: number, delaysMs: number[] }

let held: { at: number, delayMs: number }[] = []
let wanted = Infinity
setTimeout(() => process.exit(1), LONGEST_MS)
process.on('disconnect', () => process.exit())
process.on('message', (order: ReceiverOrder) => { void obey(order) })

const server = createServer((request, response) => {
  void text(request).then((body) => {
    take(body)
    response.writeHead(204).end()
  })
})

async function obey (order: ReceiverOrder): Promise<void> {
  if (order.type === 'receive') {
    wanted = order.deliveries
    return tell()
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  process.send?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }) // a server that listens has one
}

function take (body: string): void {
  const { data } = JSON.parse(body) as { data: { finishedAt: string } } // what the service sends
  held.push({ at: performance.now(), delayMs: Date.now() - Date.parse(data.finishedAt) })
  tell()
}

function tell (): void {
  if (held.length < wanted) return
  const told = held.slice(0, wanted)
  held = held.slice(wanted)
  wanted = Infinity
  process.send?.({ tookMs: (told.at(-1)?.at ?? 0) - (told[0]?.at ?? 0), delaysMs: told.map(({ delayMs }) => delayMs) } satisfies Received)
}
