import { type AskedProcess, startAsked } from '../asked-process.ts'
import { createJobClient } from '../jobs.ts'
import type { Received, ReceiverOrder } from '../receiver.ts'
import type { Row } from '../row.ts'
import { type BenchService, startService } from '../service.ts'
import { median, percentile } from '../statistics.ts'

const TRIPS = 200
const WARM_UP_TRIPS = 20
const ENDPOINTS = 20
const JOBS = 200
const WAIT_S = 30

/** From the end of a job over the outbox, the queue of deliveries and a worker to a receiver on the same machine, which answers at once. */
export const webhooks: Row = {
  id: 'r',
  title: 'Webhooks: from the end of a job to its receiver',
  async measure (bench) {
    await using closing = new AsyncDisposableStack()
    const service = await startService(bench, closing, { BATCHBOX_WEBHOOK_ALLOW_RANGES: '127.0.0.1/32' })
    const receiver = startAsked('receiver.ts')
    closing.defer(() => receiver.close())
    const { url } = await receiver.ask({ type: 'listen' } satisfies ReceiverOrder) as { url: string } // what it answers
    const client = createJobClient(service)
    closing.defer(() => client.close())

    await makeEndpoint(service, `${url}/0`)
    const delaysMs: number[] = []
    for (let trip = 0; trip < WARM_UP_TRIPS + TRIPS; trip += 1) delaysMs.push(...(await receiveFrom(receiver, 1, () => client.post(WAIT_S))).delaysMs)
    delaysMs.splice(0, WARM_UP_TRIPS)

    for (let number = 1; number < ENDPOINTS; number += 1) await makeEndpoint(service, `${url}/${number}`)
    const { tookMs } = await receiveFrom(receiver, JOBS * ENDPOINTS, () => client.runMany(JOBS))
    return [
      { name: 'from the outcome to the receiver, p50', value: median(delaysMs), unit: 'ms' },
      { name: 'from the outcome to the receiver, p99', value: percentile(delaysMs, 0.99), unit: 'ms' },
      { name: `${JOBS} jobs at once, ${ENDPOINTS} endpoints: deliveries`, value: JOBS * ENDPOINTS / tookMs * 1000, unit: 'per second' },
    ]
  },
}

async function receiveFrom (receiver: AskedProcess, deliveries: number, act: () => Promise<unknown>): Promise<Received> {
  const received = receiver.ask({ type: 'receive', deliveries } satisfies ReceiverOrder)
  await act()
  return await received as Received // what it answers
}

async function makeEndpoint ({ url, key }: BenchService, to: string): Promise<void> {
  const answer = await fetch(new URL('/v1/webhooks', url), {
    method: 'POST',
    headers: { 'authorization': `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ url: to, events: ['job.succeeded'] }),
  })
  if (answer.status !== 201) throw new Error(`Cannot make endpoint: the answer was ${answer.status} ${await answer.text()}`)
  await answer.body?.cancel()
}
