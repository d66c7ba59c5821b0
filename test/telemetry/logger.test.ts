import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { context } from '@opentelemetry/api'
import type { LoggerLevel } from '../../src/core/shared-variables.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { contextOf } from '../../src/telemetry/spans.ts'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'

function buildLogger (level: LoggerLevel = 'info') {
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => { lines.push(JSON.parse(line) as Record<string, unknown>) } } // pino writes one JSON object per line
  return { lines, logger: createLogger({ name: 'test', level, destination }) }
}

async function startTelemetry (t: TestContext) {
  const telemetry = await createTelemetry({ serviceName: 'test', serviceVersion: '0', instanceId: 'one', sampleRatio: 1, keepSpans: () => Promise.resolve(), onError: assert.fail })
  t.after(() => telemetry.close())
  return telemetry
}

test('a line has its time, level, message and the name of the process', () => {
  const { logger, lines } = buildLogger()

  logger.info({ port: 1 }, 'ready')
  logger.debug('left out')

  assert.equal(lines.length, 1)
  assert.partialDeepStrictEqual(lines[0], { level: 'info', name: 'test', msg: 'ready', port: 1 })
  assert.ok(!Number.isNaN(Date.parse(String(lines[0]?.['time']))))
})

test('a line written inside a span has its trace and span ids', async (t) => {
  const { tracer } = await startTelemetry(t)
  const { logger, lines } = buildLogger()
  const span = tracer.startSpan('request')

  context.with(contextOf(span), () => logger.info('inside'))
  logger.info('outside')
  span.end()

  assert.equal(lines[0]?.['trace_id'], span.spanContext().traceId)
  assert.equal(lines[0]?.['span_id'], span.spanContext().spanId)
  assert.equal(lines[1]?.['trace_id'], undefined)
})

test('credentials in headers are never written', () => {
  const { logger, lines } = buildLogger()

  logger.info({ req: { headers: { authorization: 'Bearer secret-1', accesstoken: 'secret-2' } }, headers: { authorization: 'secret-3' } }, 'request')

  assert.doesNotMatch(JSON.stringify(lines), /secret/)
})

test('an error is written without what else it carries, such as the arguments of a command that Redis refused', () => {
  const { logger, lines } = buildLogger()
  const refused = Object.assign(new Error('WRONGPASS', { cause: new Error('why') }), { code: 'NOAUTH', command: { name: 'hello', args: ['3', 'AUTH', 'default', 'secret', Buffer.from('secret')] } })

  logger.warn({ err: refused }, 'store connection failed')

  assert.deepEqual(Object.keys(lines[0]?.['err'] ?? {}), ['type', 'message', 'stack', 'code'])
  assert.partialDeepStrictEqual(lines[0], { err: { type: 'Error', message: 'WRONGPASS: why', code: 'NOAUTH' } })
  assert.match(JSON.stringify(lines), /caused by: Error: why/)
})

test('a process whose reader is gone can log its last lines and leave', async (t) => {
  const code = `
    import { createLogger } from ${JSON.stringify(import.meta.resolve('../../src/telemetry/logger.ts'))}
    const logger = createLogger({ name: 'api', level: 'info' })
    process.stdin.once('data', () => {
      logger.info('stopping')
      logger.info('stopped')
      process.exit(0)
    })
    logger.info('ready')
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  child.stdout.destroy()
  await once(child.stdout, 'close')

  child.stdin.write('go')

  assert.deepEqual(await once(child, 'exit', { signal: AbortSignal.timeout(10_000) }), [0, null])
})
