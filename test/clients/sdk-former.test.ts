import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import type * as Sdk from '../../clients/sdk/src/index.ts'
import { lastInFirstOut } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'

/**
 * Clients that were published, or could have been, each as one module by its version. What they can do, every later service of the same major version must let them. They are
 * never changed; a release adds its own:
 *
 *     npx esbuild clients/sdk/src/index.ts --bundle --minify --format=esm --target=es2022 --outfile=test/fixtures/sdk/<version>.js
 */
const FORMER = globSync(join(import.meta.dirname, '../fixtures/sdk/*.js')).sort()
const CODE = 'export default (n: number) => { console.log("line", n); if (n < 0) throw new RangeError("negative"); return n * 2 }'

test('former clients work with this service', async (t) => {
  const scope = lastInFirstOut(t)
  const service = await startService(scope)
  assert.ok(FORMER.length > 0)

  for (const file of FORMER) {
    await t.test(basename(file, '.js'), async (t) => {
      const { createClient, createRouter, WorkerClient } = await import(pathToFileURL(file).href) as typeof Sdk // what that version had of it
      const access = { url: service.url, apiKey: service.key }
      const client = createClient(access)
      t.after(() => client.close())

      assert.equal(await client.run(CODE, 21), 42)
      await assert.rejects(client.run(CODE, -1), { name: 'CodeError', code: 'USER_ERROR' })
      const batch = await client.batches.create({ job: { code: CODE }, inputs: [1, 2] })
      assert.equal((await client.batches.wait(batch.id)).status, 'completed')
      const results = await Array.fromAsync(client.batches.results(batch.id))
      assert.deepEqual(results.map(({ index }) => index), [0, 1])
      const [listed] = (await client.jobs.list({ batch: batch.id }).page()).data
      const id = listed?.id ?? ''
      const stored = (await service.events(id)).map(({ type, sequence }) => `${sequence} ${type}`)
      for (const transport of ['websocket', 'sse', 'poll'] as const) {
        const following = createClient({ ...access, transport })
        const events = await Array.fromAsync(following.jobs.events(id))
        await following.close()
        assert.deepEqual(events.map(({ type, cursor }) => `${cursor} ${type}`), stored, transport)
      }
      const heard: string[] = []
      const router = createRouter()
      router.on('job.log', ({ payload }) => heard.push(String(payload['message'])))
      await router.run(client.jobs.events(id))
      const worker = new WorkerClient(access)
      worker.on('log', ({ message }) => heard.push(message))
      assert.equal(await worker.execute({ nodeId: 'n', code: CODE, input: 5 }), 10)
      await worker.terminate()
      assert.equal(heard.length, 2)
    })
  }
})
