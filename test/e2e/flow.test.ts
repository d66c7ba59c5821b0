import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { startService, type TestService } from '../helpers/service.ts'

interface Answer {
  success: boolean
  result?: unknown
  error?: { type: string, message: string, code: string, stack?: string }
  logs?: { level: string, message: string }[]
  executionId: string
  timing: { executionTime: number, totalTime: number }
  timestamp: string
}

/** Calls the flow endpoint as an automation product does. */
async function call (service: Pick<TestService, 'url' | 'key'>, code: string, members: object = {}, headers: Record<string, string> = { accessToken: service.key }): Promise<{ status: number, answer: Answer, headers: Headers }> {
  const response = await fetch(`${service.url}/flow/codeblock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ codebase64: Buffer.from(code).toString('base64'), ...members }),
  })
  return { status: response.status, answer: await response.json() as Answer, headers: response.headers }
}

describe('the flow endpoint', async () => {
  const service = await startService({ after }, { env: { BATCHBOX_LANES: '1', BATCHBOX_FLOW_LANES: '2' } })

  test('a block of code is answered with what it returned', async () => {
    const { status, answer } = await call(service, 'export default (input) => ({ sum: input.a + input.b })', { input: { a: 1, b: 2 } })

    assert.equal(status, 200)
    assert.deepEqual(answer.result, { sum: 3 })
    assert.equal(answer.success, true)
    assert.match(answer.executionId, /^exe_/)
    assert.ok(answer.timing.totalTime >= answer.timing.executionTime)
    assert.ok(Date.parse(answer.timestamp) > 0)
  })

  test('code is the body of a function, with its input, modules and the crypto of Node', async () => {
    const { answer } = await call(service, `
      const { createHash } = require('crypto')
      const _ = require('lodash')
      const sums = await Promise.all(input.map(async (n) => n + 1))
      return { sums: _.reverse(sums), hash: createHash('sha256').update(Buffer.from('a')).digest('hex'), sloppy: typeof this }
    `, { input: [1, 2] })

    assert.deepEqual(answer.result, { sums: [3, 2], hash: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', sloppy: 'object' }, JSON.stringify(answer))
  })

  test('what code throws is told by its kind', async () => {
    const kinds = { 'nowhere()': 'ReferenceError', 'null.x': 'TypeError', 'throw new RangeError("far")': 'RuntimeError', 'throw 1': 'RuntimeError', 'require("fs")': 'SecurityError' }

    for (const [body, type] of Object.entries(kinds)) {
      const { status, answer } = await call(service, body)
      assert.deepEqual([status, answer.success, answer.error?.type], [200, false, type], JSON.stringify(answer))
    }
    const { answer } = await call(service, 'return {')
    assert.equal(answer.error?.type, 'SyntaxError')
  })

  test('code that takes too long is stopped', async () => {
    const { status, answer } = await call(service, 'for (;;);', { timeout: 50 })

    assert.deepEqual([status, answer.error?.type], [200, 'TimeoutError'])
  })

  test('strangers and requests that are not valid are refused in the same form', async () => {
    const code = 'return 1'
    const refused = await Promise.all([
      call(service, code, {}, {}),
      call(service, code, {}, { accessToken: `bbx_${'w'.repeat(40)}` }),
      call(service, code, { timeout: 'soon' }),
      call(service, code, { timeout: 10_000_000 }),
      call(service, code, { codebase64: '%' }),
    ])

    assert.deepEqual(refused.map(({ status, answer }) => [status, answer.success, answer.error?.type]), [
      [401, false, 'SecurityError'], [401, false, 'SecurityError'],
      [400, false, 'ValidationError'], [400, false, 'ValidationError'], [400, false, 'ValidationError'],
    ])
  })
})
