import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { RunError, WorkerClient, type WorkerClientOptions, type WorkerSignals } from '../../clients/sdk/src/index.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService, type TestService } from '../helpers/service.ts'

const FOREVER = 'export const handler = () => new Promise(() => { setTimeout(() => {}, 600_000) })'

suite('WorkerClient', () => {
  let service: TestService
  const scope = lastInFirstOut({ after })
  before(async () => { service = await startService(scope) })
  const open = (options: Partial<WorkerClientOptions> = {}) => {
    const client = new WorkerClient({ url: service.url, apiKey: service.key, ...options })
    scope.after(() => client.terminate())
    return client
  }

  test('runs the export "handler" in the trace and under the node that it was given, within its limits', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
    const client = open({ timeout: 2000, maxMemory: 64, allowedModules: ['crypto'] })
    const heard: WorkerSignals['log'][] = []
    client.on('log', (line) => heard.push(line))

    const answer = await client.execute<number>({
      nodeId: 'n1', traceId, input: 'abc',
      code: 'export async function handler (input) { console.info("hashing", input); return (await crypto.subtle.digest("SHA-256", Uint8Array.from(input, (c) => c.charCodeAt(0)))).byteLength }',
    })

    const [line] = heard
    assert.equal(answer, 32)
    assert.ok(line?.jobId)
    const job = await service.read(line.jobId)
    assert.deepEqual(job.tags, { nodeId: 'n1', traceId })
    assert.equal(job.traceId, traceId)
    assert.deepEqual([line.nodeId, line.traceId, line.level, line.message], ['n1', traceId, 'info', 'hashing abc'])
  })

  test('progress and log lines reach the caller while the code runs', async () => {
    const client = open()
    const heard: unknown[] = []
    const { promise: isHeard, resolve } = Promise.withResolvers<void>()
    client.on('log', ({ message }) => heard.push(message))
    client.on('progress', ({ value, message }) => {
      heard.push([value, message])
      resolve()
    })
    const leaving = new AbortController()

    const running = client.execute({ nodeId: 'n1', signal: leaving.signal, code: 'export async function handler (_, context) { console.log("one"); context.progress(0.5, "half"); await new Promise((resolve) => setTimeout(resolve, 600_000)) }' })
    await isHeard
    leaving.abort(new Error('seen enough'))

    await assert.rejects(running, /seen enough/)
    assert.deepEqual(heard, ['one', [0.5, 'half']])
  })

  test('rejects with EXECUTION_TIMEOUT when the code takes too long, and tells listeners', async () => {
    const client = open({ timeout: 50 })
    const errors: unknown[] = []
    client.on('error', ({ nodeId, error }) => errors.push(nodeId, error))

    const error = await client.execute({ nodeId: 'slow', code: FOREVER }).catch((error: unknown) => error)

    assert.ok(error instanceof Error && 'code' in error && error.cause instanceof RunError)
    assert.deepEqual([error.code, error.cause.code], ['EXECUTION_TIMEOUT', 'TIMEOUT'])
    assert.match(error.message, /^Cannot finish node "slow": /)
    assert.deepEqual(errors, ['slow', error])
  })

  test('rejects with the error of code that failed', async () => {
    await assert.rejects(open().execute({ nodeId: 'n1', code: 'export const handler = () => { throw new RangeError("no") }' }), { code: 'USER_ERROR', name: 'CodeError' })
  })

  test('an execution whose signal is aborted rejects at once, and its job is stopped', async () => {
    const client = open()
    const leaving = new AbortController()
    const { promise: started, resolve } = Promise.withResolvers<string>()
    client.on('log', ({ jobId }) => resolve(jobId ?? ''))

    const running = client.execute({ nodeId: 'n1', signal: leaving.signal, code: 'export const handler = () => { console.log("on"); for (;;); }' })
    const id = await started
    leaving.abort(new Error('not needed any more'))

    await assert.rejects(running, /not needed/)
    assert.equal((await service.end(id)).status, 'cancelled')
  })

  test('terminate() stops what runs, and nothing can be executed after it', async () => {
    const client = open()
    const { promise: started, resolve } = Promise.withResolvers<string>()
    client.on('progress', ({ jobId }) => resolve(jobId ?? ''))

    const running = client.execute({ nodeId: 'n1', code: 'export const handler = async (_, { progress }) => { progress(0.1); await new Promise(() => { setTimeout(() => {}, 600_000) }) }' })
    const [id] = await Promise.all([started.then(async (id) => { await client.terminate(); return id }), assert.rejects(running, { code: 'TERMINATED' })])

    assert.equal((await service.end(id)).status, 'cancelled')
    await assert.rejects(client.execute({ nodeId: 'n1', code: 'export const handler = () => 1' }), { code: 'TERMINATED' })
  })
})
