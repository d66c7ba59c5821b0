import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { create } from '../../src/engine/library.ts'
import { judge } from '../../examples/use-cases/judge/judge.ts'
import { decide } from '../../examples/use-cases/rules/rules.ts'
import { temporaryFolder } from '../helpers/files.ts'
import { startService } from '../helpers/service.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const README = readFileSync(join(ROOT, 'examples/use-cases/README.md'), 'utf8')
/** Each command with what stands under it. */
const shown = [...README.matchAll(/^```sh\n(KEY=\$KEY )?node scripts\/run\.mjs (\S+)\n```\n\n```\n(.*?)^```$/gms)].map(([, key, file = '', output = '']) => ({ isClient: key !== undefined, file, output }))

suite('use cases', { concurrency: true }, () => {
  test('each application prints what its page shows', async (t) => {
    assert.equal(shown.length, 5)
    const { url, key } = await startService(t, { env: { BATCHBOX_FILES: temporaryFolder(t) } })

    for (const { isClient, file, output } of shown) {
      await t.test(file, async () => {
        const { stdout } = await run(process.execPath, ['--disable-warning=SecurityWarning', join(ROOT, file)], { cwd: ROOT, env: { ...process.env, ...(isClient ? { URL: url, KEY: key } : {}) } })

        assert.equal(stdout.replaceAll('\r\n', '\n'), output) // CSV has line ends of its own
      })
    }
  })

  test('a program that waits, or keeps something for its next case, gains nothing', async (t) => {
    const engine = await create({ config: { lanes: 2, spares: 0 } })
    t.after(() => engine.close())
    const problem = { cases: [{ input: '', expected: '1' }, { input: '', expected: '2' }], cpuMs: 50, memoryMb: 32 }

    const waiting = await judge(engine, problem, 'export default () => new Promise(() => {})')
    const keeping = await judge(engine, problem, 'let calls = 0\nexport default () => String(calls += 1)')
    const spaced = await judge(engine, { ...problem, cases: [{ input: '', expected: '1 2\n3' }] }, 'export default () => " 1\\n2 3 "')

    assert.deepEqual([waiting.verdict, keeping.cases.map(({ verdict }) => verdict), spaced.verdict], ['time limit', ['accepted', 'wrong answer'], 'accepted'])

    await t.test('and rules that never end are a failure of their tenant', async () => {
      const rules = [{ name: 'endless', code: 'export const when = () => { for (;;); }\nexport const then = () => 1' }]

      const endless = await decide(engine, { tenant: 'a', rules, facts: {}, mode: 'all' })
      const none = await decide(engine, { tenant: 'b', rules: [], facts: {}, mode: 'all' })

      assert.ok(!endless.decided && /^(?:CPU_LIMIT|TIMEOUT)$/.test(endless.failure.code), JSON.stringify(endless))
      assert.deepEqual(none, { decided: true, outcomes: [], findings: [] })
    })
  })
})
