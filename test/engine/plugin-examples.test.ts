import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { jsonata } from '../../examples/plugins/jsonata.ts'
import { requireLicence } from '../../examples/plugins/licence.ts'
import { cacheResults } from '../../examples/plugins/result-cache.ts'
import { create, type ExecuteRequest } from '../../src/engine/library.ts'

const MIT = '// SPDX-License-Identifier: MIT\n'
const engine = await create({ config: { lanes: 1, spares: 0 }, plugins: [requireLicence(['MIT', 'ISC']), jsonata, cacheResults({ max: 100 })] })
after(() => engine.close())

async function resultOf (request: ExecuteRequest): Promise<unknown> {
  const ended = await engine.execute(request)
  assert.ok(ended.status === 'succeeded', JSON.stringify(ended))
  return ended.result
}

test('code without a licence that is allowed is refused, and told why', async () => {
  const without = await engine.execute({ code: 'export default () => 1' })
  const other = await engine.execute({ code: '// SPDX-License-Identifier: GPL-3.0-only\nexport default () => 1' })

  assert.ok(without.status === 'failed' && other.status === 'failed')
  assert.deepEqual([without.error.code, without.error.message], ['INVALID', 'Cannot run code: it has no SPDX-License-Identifier; allowed are MIT, ISC'])
  assert.match(other.error.message, /its licence is GPL-3.0-only/)
  assert.equal(await resultOf({ code: `${MIT}export default () => 1` }), 1)
})

test('a result is answered from memory, to the same tenant, code and input alone', async () => {
  const code = `${MIT}export default (input) => [input, Math.random()]`
  const first = await resultOf({ code, input: 1 })

  assert.deepEqual(await resultOf({ code, input: 1 }), first)
  assert.notDeepEqual(await resultOf({ code, input: 2 }), first)
  assert.notDeepEqual(await resultOf({ code, input: 1, tenant: 'other' }), first)
  assert.notDeepEqual(await resultOf({ code, input: 1, tools: ['crypto'] }), await resultOf({ code, input: 1, tools: ['crypto'] }))
})

test('a plugin adds a language', async () => {
  const code = `/*\n${MIT}*/ $sum(orders.(price * quantity))`
  const request = { code, tags: { language: 'jsonata' }, input: { orders: [{ price: 2, quantity: 3 }, { price: 1, quantity: 4 }] } }

  assert.equal(await resultOf(request), 10)
  const wrong = await engine.execute({ ...request, code: `/*\n${MIT}*/ $sum(` })
  assert.ok(wrong.status === 'failed')
  assert.match(JSON.stringify(wrong.error), /before end of expression/)
})
