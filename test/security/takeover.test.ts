import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openDb } from '../../src/store/db.ts'
import { createRunFiles } from '../../src/worker/run-files.ts'
import { startEngine } from '../helpers/engine.ts'
import { openTestFiles, putFile } from '../helpers/files.ts'
import { startHttp } from '../helpers/http-server.ts'
import { isAlive } from '../helpers/processes.ts'
import { redisForTest } from '../helpers/redis.ts'
import { until } from '../helpers/until.ts'
import { afterTheEnd, takeover } from './groups/takeover.ts'
import { takeoverOfTools } from './groups/takeover-tools.ts'
import { type Deed, FAIR } from './lies.ts'
import { ATTACKERS, type HonestJob, play, playGroup, playHonest } from './play.ts'

const file = fileURLToPath(new URL('fixtures/liar.ts', import.meta.url))
const honest: HonestJob = { code: FAIR, result: (input) => String(input), logs: () => ['fair'] }

const SECRETS: Record<string, string> = { TOKEN: 'hunter2-is-my-password', OTHER: 'what-the-job-has-not' }
const { url, prefix } = await redisForTest(undefined)
const db = openDb({ url, prefix, failFast: false, onError () {} })
const files = openTestFiles({ after }, db)
after(() => db.close())
await putFile(files, 'theirs', 'of somebody else', { tenant: 'other' })
const engine = await startEngine({
  lanes: ATTACKERS + 1,
  spares: 2,
  file,
  tools: { own: '', config: '{"fetch":{"allowRanges":["127.0.0.1"]}}' },
  settings: { services: { secrets: { read: async (_tenant, name) => SECRETS[name] }, files: createRunFiles(files, { run: { tenant: 'acme', jobId: 'job-1', fence: 1, holder: '' }, maxBytes: 1000 }) } },
})
const alone = await startEngine({ lanes: 1, spares: 0, file })

playGroup(takeover, engine, honest)
playGroup(takeoverOfTools, engine, honest)

test('the requests of another run are out of reach while they are open', async (t) => {
  let isClosed = false
  const { origin, requests } = await startHttp(t, (_request, response) => {
    response.on('close', () => { isClosed = true }).write('secret')
  })
  const call = (method: string, args: object, number: number): Deed => ({ say: { type: 'call', call: number, tool: 'fetch', method, textBytes: 1e6 }, body: JSON.stringify(args) })
  const options = { tools: ['fetch'], permissions: { net: true } }
  const cancel = new AbortController()
  const opens = { id: 1, method: 'GET', url: origin, headers: [], redirect: 'follow', body: 'none', length: null }
  const owner = engine.run(JSON.stringify([{ say: { type: 'started' } }, call('open', opens, 1)]), { ...options, signal: cancel.signal })
  await until('the request is open', () => requests.length === 1)

  const thief = await engine.resultOf(JSON.stringify([{ say: { type: 'started' } }, { hear: 2 }, call('read', { id: 1 }, 1), call('close', { id: 1 }, 2)]), options)

  assert.deepEqual(thief, ['1 TOOL_ERROR: Cannot fetch: there is no response yet, or a part of it is being read already', '2 null'])
  assert.equal(isClosed, false)
  cancel.abort()
  await owner
})

test(afterTheEnd.name, async (t) => {
  for (const attack of afterTheEnd.attacks) {
    await t.test(attack.name, async () => {
      const [runner = 0] = alone.engine.runnerPids()

      await play(attack, alone)

      await until('the runner is dead', () => !isAlive(runner))
      await playHonest(alone, honest, 1)
    })
  }
})
