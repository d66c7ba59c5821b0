// A program as others write it: with nothing but the published package, in a folder of its own.
import assert from 'node:assert/strict'
import { create, type ExecuteRequest, type ExecuteResult, type Plugin } from 'batchbox/engine'

const SUM = `
  import { sum } from 'lodash'
  interface Order { parts: number[] }
  export default ({ parts }: Order): number => sum(parts)`
const DIGEST = `
  export default async (text) => {
    console.log('hashing %s', text)
    return Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('hex')
  }`
/** SHA-256 of "abc". Source: FIPS 180-4 */
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

const [, , cacheFolder = '', packages = ''] = process.argv
const seen: string[] = []
const watch: Plugin = {
  name: 'watch',
  required: ['logger'],
  setup (api) {
    api.on('onFormat', (run) => { seen.push(run.outcome?.type ?? 'none') })
  },
}

const started = performance.now()
const times: Record<string, number> = {}
{
  await using engine = await create({ config: { lanes: 1, cacheFolder, tools: `shout=${import.meta.dirname}/shout/tool.ts`, modules: { folder: packages, extra: ['mathjs'] } }, plugins: [watch] })
  times['ready'] = performance.now() - started
  const run = (request: ExecuteRequest): Promise<ExecuteResult> => engine.execute(request)

  const doubled = await run({ code: 'export default (n: number) => n * 2', input: 21 })
  assert.equal(doubled.status, 'succeeded')
  assert.equal(doubled.result, 42)
  times['first result'] = performance.now() - started

  const sum = await run({ code: SUM, input: { parts: [1, 2, 3] } })
  assert.deepEqual(sum.status === 'succeeded' && sum.result, 6)

  const lines: string[] = []
  const digest = await engine.execute({ code: DIGEST, input: 'abc', tools: ['crypto'] }, { onLog: ({ message }) => lines.push(message) })
  assert.equal(digest.status === 'succeeded' && digest.result, ABC)
  assert.deepEqual(lines, ['hashing abc'])

  const endless = await run({ code: 'export default () => { for (;;); }', limits: { timeoutMs: 300 } })
  assert.equal(endless.status === 'failed' && endless.error.code, 'TIMEOUT')

  const library = await run({ code: 'import { inspect } from "node:util"; import { createHash } from "node:crypto"; export default () => inspect(new Map([[1, createHash]]).size)' })
  assert.equal(library.status === 'succeeded' && library.result, '1')

  const extra = await run({ code: 'import { evaluate } from "mathjs"; export default () => evaluate("2 + 3 * 4")' })
  assert.equal(extra.status === 'succeeded' && extra.result, 14)

  const own = await run({ code: 'import greet from "greet"; export default async (name) => [await shout(greet(name)), await shout("").catch(({ message }) => message)]', input: 'you', tools: ['shout'] })
  assert.deepEqual(own.status === 'succeeded' && own.result, ['HELLO YOU!', 'Cannot shout: there is nothing to say'])

  const broken = await run({ code: 'export default (' })
  assert.equal(broken.status === 'failed' && broken.error.code, 'SYNTAX_ERROR')

  await assert.rejects(run({ code: '' }), TypeError)
  times['all'] = performance.now() - started
}
assert.deepEqual(seen, ['succeeded', 'succeeded', 'succeeded', 'failed', 'succeeded', 'succeeded', 'succeeded', 'failed'])
process.stdout.write(`${process.version}: ${Object.entries(times).map(([name, ms]) => `${name} after ${ms.toFixed(0)} ms`).join(', ')}\n`)
