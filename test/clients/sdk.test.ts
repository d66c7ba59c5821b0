import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { CodeError, createClient, InvalidRequestError, LimitError, WaitTimeoutError, type Client } from '../../clients/sdk/src/index.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'

const FOREVER = 'export default () => new Promise(() => { setTimeout(() => {}, 600_000) })'

suite('the client of a running service', () => {
  let client: Client
  const scope = lastInFirstOut({ after })
  before(async () => {
    const service = await startService(scope)
    client = createClient({ url: service.url, apiKey: service.key })
  })

  test('run answers what the code returned', async () => {
    const sum = await client.run<number>('export default (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0)', [1, 2, 3])

    assert.equal(sum, 6)
  })

  test('run answers results that do not stand inside the job', async () => {
    const text = await client.run<string>('export default (count) => "x".repeat(count)', 100_000)

    assert.equal(text.length, 100_000)
  })

  test('run throws the error of the code, with its code, its stack and the job', async () => {
    const running = client.run('export default function brew () {\n  throw new RangeError("No more tea")\n}')

    const error = await running.catch((error: unknown) => error)
    assert.ok(error instanceof CodeError)
    assert.deepEqual([error.name, error.code, error.fault, error.job.status], ['CodeError', 'USER_ERROR', 'code', 'failed'])
    assert.match(error.message, /^RangeError: No more tea \(job job_/)
    assert.match(error.userStack ?? '', /at brew .*:2:9/)
  })

  test('run throws the figures of a limit that the code broke', async () => {
    const error = await client.run(FOREVER, null, { limits: { timeoutMs: 50 } }).catch((error: unknown) => error)

    assert.ok(error instanceof LimitError)
    assert.equal(error.code, 'TIMEOUT')
    assert.deepEqual({ name: error.limit.name, configured: error.limit.configured }, { name: 'timeoutMs', configured: 50 })
    assert.ok(error.limit.suggested >= 100)
  })

  test('run gives up waiting after waitMs, and the job goes on', async () => {
    const error = await client.run(FOREVER, null, { waitMs: 100 }).catch((error: unknown) => error)

    assert.ok(error instanceof WaitTimeoutError)
    const { id } = error.last as { id: string } // what was waited for is a job
    assert.match((await client.jobs.get(id)).status, /queued|running/)
    await client.jobs.cancel(id)
  })

  test('run cancels the job once its signal is aborted', async () => {
    const controller = new AbortController()
    const running = client.run(FOREVER, null, { signal: controller.signal, tags: { of: 'abort' } })
    let id: string | undefined
    while (id === undefined) for await (const job of client.jobs.list({ tag: 'of:abort', status: 'running' })) id = job.id

    controller.abort(new Error('Enough'))

    await assert.rejects(running, /^Error: Enough$/)
    assert.equal((await client.jobs.wait(id)).status, 'cancelled')
  })

  test('run refuses a function, and the service what is no job', async () => {
    await assert.rejects(client.run((() => 1) as unknown as string), { name: 'TypeError', message: /^Cannot run a function: .* pass the source/ })
    const error = await client.run('export default 1', null, { priority: 'soon' as 'high' }).catch((error: unknown) => error)

    assert.ok(error instanceof InvalidRequestError)
    assert.equal(error.code, 'INVALID')
    assert.deepEqual(error.problem?.errors?.map(({ pointer }) => pointer), ['/priority'])
  })
})
