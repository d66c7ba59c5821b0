import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryFolder } from '../helpers/files.ts'
import { startService } from '../helpers/service.ts'

const PLUGINS = join(import.meta.dirname, '../../examples/plugins/service.ts')
const MIT = '// SPDX-License-Identifier: MIT\n'

test('plugins of an operator\'s own in a worker', async (t) => {
  const service = await startService(t, { env: { BATCHBOX_PLUGINS: PLUGINS, BATCHBOX_FLOW_LANES: '1' } })

  await t.test('a job without a licence header fails, and one that has it is run', async () => {
    const without = await service.run({ code: 'export default () => 1' })
    const withIt = await service.run({ code: `${MIT}export default () => 1` })

    assert.deepEqual([without.status, without.error?.code, without.error?.message], ['failed', 'INVALID', 'Cannot run code: it has no SPDX-License-Identifier; allowed are MIT, ISC'])
    assert.deepEqual([withIt.status, withIt.result], ['succeeded', 1])
  })

  await t.test('a flow call is refused alike', async () => {
    const call = (code: string) => service.request('POST', '/flow/codeblock', { body: { codebase64: Buffer.from(code).toString('base64') } })

    const [without, withIt] = await Promise.all([call('return 1'), call(`${MIT}return 1`)])

    assert.equal(without.status, 400)
    assert.match(JSON.stringify(without.json), /ValidationError[^]*no SPDX-License-Identifier/)
    assert.partialDeepStrictEqual(withIt, { status: 200, json: { success: true, result: 1 } })
  })

  await t.test('they have their effect on jobs: a result comes from memory, an expression is evaluated', async () => {
    const random = { code: `${MIT}export default () => Math.random()` }
    const [first, second] = [await service.run(random), await service.run(random)]
    const sum = await service.run({ code: `/*\n${MIT}*/ $sum(prices)`, input: { prices: [1, 2] }, tags: { language: 'jsonata' } })

    assert.deepEqual([second.status, second.result], ['succeeded', first.result])
    assert.deepEqual([sum.status, sum.result], ['succeeded', 3])
  })

  await t.test('a circle of plugins stops the start of a worker, and so does one that fails to set up: each is named', async () => {
    const file = join(temporaryFolder(t), 'plugins.mjs')
    writeFileSync(file, 'export default [{ name: "hen", required: ["egg"], setup () {} }, { name: "egg", required: ["hen"], setup () {} }]')
    const faulty = `${file}.mjs`
    writeFileSync(faulty, 'export default { name: "faulty", setup () { throw new Error("no room") } }')

    await assert.rejects(service.startWorker({ BATCHBOX_PLUGINS: file }), /they require each other in a circle, hen → egg → hen/)
    await assert.rejects(service.startWorker({ BATCHBOX_PLUGINS: `${PLUGINS},${faulty}` }), /Plugin "faulty" failed to set up: no room/)
  })
})
