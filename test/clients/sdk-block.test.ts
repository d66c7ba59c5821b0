import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { promisify } from 'node:util'
import { ApiError, AuthenticationError, BatchboxError, BlockError, ConnectionError, createClient, InvalidRequestError, RateLimitedError, ServiceError } from '../../clients/sdk/src/index.ts'
import { buildFlowRefusal } from '../../src/api/flow/answer.ts'
import type { FailureCode } from '../../src/core/failures.ts'
import { readBody, startHttp } from '../helpers/http-server.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const META = { executionId: 'exe_1', totalMs: 1 }

suite('blocks of the client', async () => {
  const scope = lastInFirstOut({ after })
  const service = await startService(scope, { env: { BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '1' } })
  const client = createClient({ url: service.url, apiKey: service.key })
  scope.after(() => client.close())

  test('a block answers what it returned, with what it printed and how long it took', async () => {
    const { result, logs, timing, executionId } = await client.runBlock<{ size: number }>('console.warn("größe", input.text)\nreturn { size: input.text.length }', { text: 'größe\u{1f600}' })

    assert.deepEqual([result, logs?.map(({ level, message }) => [level, message])], [{ size: 7 }, [['warn', 'größe größe\u{1f600}']]])
    assert.ok(timing.totalTime >= timing.executionTime)
    assert.match(executionId, /^exe_/)
    assert.equal((await client.runBlock('return input')).result, null)
  })

  test('what is wrong with the code is a BlockError of its kind', async () => {
    const errorOf = (code: string, options = {}) => client.runBlock(code, {}, options).then(() => assert.fail('it ran'), (error: unknown) => error)

    const thrown = await errorOf('const total = (order) => order.total\nreturn total(input.order)')
    const late = await errorOf('for (;;);', { timeout: 50 })

    assert.ok(thrown instanceof BlockError && thrown instanceof BatchboxError && late instanceof BlockError)
    assert.deepEqual([thrown.name, thrown.code, thrown.answer.error.type, late.answer.error.type], ['BlockError', 'USER_ERROR', 'TypeError', 'TimeoutError'])
    assert.match(thrown.message, /reading 'total'/)
    assert.match(thrown.answer.error.stack ?? '', /at total/)
  })

  test('a call that is refused is the error that any request would be', async () => {
    const stranger = createClient({ url: service.url, apiKey: 'bbx_nobody' })

    await assert.rejects(stranger.runBlock('return 1'), (error) => error instanceof AuthenticationError && error.code === 'UNAUTHENTICATED' && error.problem?.status === 401)
    await assert.rejects(client.runBlock('return 1', null, { timeout: 1e9 }), (error) => error instanceof InvalidRequestError && error.code === 'INVALID' && /BATCHBOX_MAX_FLOW_TIMEOUT_MS/.test(error.message))
    await assert.rejects(client.runBlock('return 1', null, { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
  })

  test('the examples print what the page says', async () => {
    const block = [join(ROOT, 'examples/flow/score.js'), '{"email":"ada@example.com","visits":[{"page":"/pricing"},{"page":"/docs"}]}']
    const env = { ...process.env, URL: service.url, KEY: service.key }

    const [sh, ts] = await Promise.all([run(join(ROOT, 'examples/flow/call.sh'), block, { env }), run(process.execPath, [join(ROOT, 'examples/flow/call.ts'), ...block], { env })])

    const result = { id: 'b5fc85e5', points: 11, isHot: false }
    assert.partialDeepStrictEqual(JSON.parse(sh.stdout), { success: true, result })
    assert.deepEqual([ts.stdout, ts.stderr], [`${JSON.stringify(result)}\n`, 'log scored ada@example.com\n'])
  })
})

test('a block is sent again only where it was refused before it was begun', async (t) => {
  const refuse = (code: FailureCode) => buildFlowRefusal(code, `So it is: ${code}`, META)
  const answers: Record<string, ReturnType<typeof refuse>[]> = {
    RATE_LIMITED: [refuse('RATE_LIMITED'), refuse('RATE_LIMITED')],
    WORKER_CRASHED: [refuse('WORKER_CRASHED')],
    cut: [],
    stranger: [],
  }
  const asked: Record<string, number> = {}
  const { origin } = await startHttp(t, async (request, response) => {
    const { input } = JSON.parse(String(await readBody(request))) as { input: string } // the client's own
    const given = answers[input]?.[asked[input] ?? 0]
    asked[input] = (asked[input] ?? 0) + 1
    if (given) response.writeHead(given.status, { 'content-type': 'application/json', 'retry-after': '0' }).end(JSON.stringify(given.body))
    else if (input === 'stranger') response.writeHead(502).end('<html>')
    else response.destroy()
  })
  const client = createClient({ url: origin, retries: 1 })
  const errorOf = (input: string) => client.runBlock('return 1', input).then(() => assert.fail('it ran'), (error: unknown) => error)

  const [limited, crashed, cut, stranger] = await Promise.all(Object.keys(answers).map(errorOf))

  assert.ok(limited instanceof RateLimitedError && limited.message.endsWith('So it is: RATE_LIMITED') && limited.retryAfterMs === 0)
  assert.ok(crashed instanceof ServiceError && crashed.code === 'WORKER_CRASHED')
  assert.ok(cut instanceof ConnectionError)
  assert.ok(stranger instanceof ApiError && stranger.code === 'HTTP_502')
  assert.deepEqual(asked, { RATE_LIMITED: 2, WORKER_CRASHED: 1, cut: 1, stranger: 1 })
})
