import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { TestContext } from 'node:test'
import { readBody, startHttp } from './http-server.ts'
import { until } from './until.ts'

/** One request that came. */
export interface ReceivedWebhook {
  path: string
  headers: IncomingHttpHeaders
  body: string
  event: { type: string, timestamp: string, version: number, data: Record<string, unknown> }
}

export interface WebhookReceiver {
  origin: string
  port: number
  received: ReceivedWebhook[]
  /** Waits until so many requests have come that fit, and answers those. */
  wait (count: number, fits?: (webhook: ReceivedWebhook) => boolean): Promise<ReceivedWebhook[]>
  /** What is answered from now on; 204 unless it is set. */
  answer: (response: ServerResponse, webhook: ReceivedWebhook) => void
}

/** Starts a receiver of webhooks on 127.0.0.1, which ends with the test. */
export async function startReceiver (t: TestContext): Promise<WebhookReceiver> {
  const received: ReceivedWebhook[] = []
  const { origin, port } = await startHttp(t, (request, response) => {
    readBody(request).then((bytes) => {
      const body = bytes.toString()
      const webhook = { path: request.url ?? '', headers: request.headers, body, event: JSON.parse(body) as ReceivedWebhook['event'] } // the test looks at it
      received.push(webhook)
      receiver.answer(response, webhook)
    }, () => {}) // it was cut off
  })
  const receiver: WebhookReceiver = {
    origin,
    port,
    received,
    async wait (count, fits = () => true) {
      await until(`${count} webhooks came`, () => received.filter(fits).length >= count, 30_000)
      return received.filter(fits)
    },
    answer: (response) => { response.writeHead(204).end() },
  }
  return receiver
}
