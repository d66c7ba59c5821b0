import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'

test('spans are exported over OTLP/HTTP as protobuf when an endpoint is set', async (t) => {
  const collector = createServer().listen(0, '127.0.0.1')
  await once(collector, 'listening')
  t.after(() => collector.close())
  const { port } = collector.address() as AddressInfo // a TCP server
  const telemetry = await createTelemetry({
    serviceName: 'batchbox-test', serviceVersion: '0', instanceId: 'one', sampleRatio: 1, otlpEndpoint: `http://127.0.0.1:${port}/`,
    keepSpans: () => Promise.resolve(), onError: assert.fail,
  })
  const received = once(collector, 'request') as Promise<[IncomingMessage, ServerResponse]> // http.Server's event

  telemetry.tracer.startSpan('exported span').end()
  const closed = telemetry.close()
  const [request, response] = await received
  const body = Buffer.concat(await request.toArray() as Buffer[]) // no encoding is set on the stream
  response.end()
  await closed

  assert.equal(telemetry.isExporting, true)
  assert.equal(request.url, '/v1/traces')
  assert.equal(request.headers['content-type'], 'application/x-protobuf')
  assert.ok(body.includes('exported span'))
})
