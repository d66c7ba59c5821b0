import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ensurePython } from '../helpers/python.ts'
import { startService } from '../helpers/service.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const FOLDER = join(ROOT, 'examples/execute')
/** These two need each other. */
const TOGETHER = ['channel-listen', 'channel-emit']

interface Example {
  about: string
  request: object
  status: number
  answer: object
}
type Answer = Pick<Example, 'status' | 'answer'>

const examples = new Map(globSync('*.json', { cwd: FOLDER }).sort().map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Example])) // written by us
const alone = [...examples.keys()].filter((name) => !TOGETHER.includes(name))

test('every example answers what it says, to a client in TypeScript and to one in Python', async (t) => {
  const { url, key } = await startService(t, { env: { BATCHBOX_LANES: '2', BATCHBOX_JOB_ENV: '{"REGION":"eu"}' } })
  const clients: [name: string, program: string, script: string][] = [['TypeScript', process.execPath, 'execute.ts'], ['Python', ensurePython(), 'execute.py']]

  for (const [name, program, script] of clients) {
    const ask = async (...names: string[]): Promise<Answer[]> => {
      const files = names.map((each) => join(FOLDER, `${each}.json`))
      const { stdout } = await run(program, [join(ROOT, 'examples/clients', script), ...files], { env: { ...process.env, URL: url, KEY: key } })
      return stdout.trim().split('\n').map((line) => JSON.parse(line) as Answer) // what the clients print
    }

    const answers = await ask(...alone)
    const together = await Promise.all(TOGETHER.map((each) => ask(each)))
    const all = [...alone.map((each, i) => [each, answers[i]] as const), ...TOGETHER.map((each, i) => [each, together[i]?.[0]] as const)]
    for (const [each, given] of all) {
      await t.test(`${each}, from ${name}`, () => {
        const { status, answer } = examples.get(each)! // it was listed
        assert.ok(given)
        assert.partialDeepStrictEqual(given, { status, answer }, JSON.stringify(given))
      })
    }
  }
})
