import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { build } from 'esbuild'
import type { Page } from 'playwright-core'
import { Webhook } from 'standardwebhooks'
import type * as Sdk from '../../clients/sdk/src/index.ts'
import type { msgpack } from '../../clients/sdk/src/msgpack.ts'
import { startBrowser } from '../helpers/browser.ts'
import { startHttp } from '../helpers/http-server.ts'
import { lastInFirstOut, type Scope } from '../helpers/scope.ts'
import { startService } from '../helpers/service.ts'

const SDK = join(import.meta.dirname, '../../clients/sdk/src')
const TALK = `export default async (count, { progress }) => {
  for (let i = 0; i < count; i++) {
    console.log('line ' + i)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  progress(1, 'done')
  return count
}`

/** What pages import: the whole client, and what MessagePack adds. */
const BUNDLES = { '/client.js': 'index.ts', '/msgpack.js': 'msgpack.ts' } as const

test('the client in a real browser', async (t) => {
  const scope = lastInFirstOut(t)
  const bundles = new Map(await Promise.all(Object.entries(BUNDLES).map(async ([path, file]) => [path, await bundle(file)] as const)))
  const { origin } = await startHttp(scope, ({ url = '' }, response) => {
    const script = bundles.get(url)
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' }).end(script ?? '<!doctype html><title>A page of another origin</title>')
  })
  const [service, page] = await Promise.all([startService(scope, { env: { BATCHBOX_CORS_ORIGINS: origin } }), openPage(scope, origin)])
  const access = { url: service.url, apiKey: service.key }

  for (const [name, options] of Object.entries({ websocket: {}, 'websocket with MessagePack': { transport: 'websocket', isPacked: true }, sse: { transport: 'sse' }, poll: { transport: 'poll' } } as const)) {
    await t.test(`a page runs a job and follows it live: ${name}`, async () => {
      const { types, lines, transport, protocol, result } = await page.evaluate(followJob, { access, options, code: TALK })

      assert.deepEqual([types[0], types.at(-1), result], ['job.queued', 'job.succeeded', 20])
      assert.deepEqual(lines, Array.from({ length: 20 }, (_, i) => `line ${i}`))
      assert.equal(transport, name.split(' ')[0])
      assert.equal(protocol, name === 'websocket' ? 'batchbox.v1.json' : 'isPacked' in options ? 'batchbox.v1.msgpack' : null)
    })
  }

  await t.test('a page runs code and hears its errors, posts a batch of an iterator, and changes what other methods change', async () => {
    const { told, results, description } = await page.evaluate(async (access) => {
      const { createClient, CodeError } = await import('/client.js' as string) as typeof Sdk // what the page's server has there
      const client = createClient(access)
      const error = await client.run('export default () => { throw new RangeError("No more tea") }').catch((error: unknown) => error)
      const inputs = async function * () { yield * [1, 2, 3] } // which a browser sends once all have come
      const batch = await client.batches.create({ job: { code: 'export default (n) => n * n' }, inputs: inputs() })
      await client.batches.wait(batch.id)
      const results: unknown[] = []
      for await (const { result } of client.batches.results(batch.id)) results.push(result)
      const { id } = await client.webhooks.endpoints.create({ url: 'https://example.com/hook' })
      const { description } = await client.webhooks.endpoints.update(id, { description: 'of a page' })
      return { told: error instanceof CodeError ? [error.code, error.message.split(' (')[0]] : String(error), results, description }
    }, access)

    assert.deepEqual([told, results, description], [['USER_ERROR', 'RangeError: No more tea'], [1, 4, 9], 'of a page'])
  })

  await t.test('a page verifies a webhook, and refuses one that was changed', async () => {
    const secret = `whsec_${Buffer.from('a secret of twenty-four b').toString('base64')}`
    const body = JSON.stringify({ type: 'job.succeeded', timestamp: new Date().toISOString(), version: 1, data: { id: 'job_1' } })
    const now = new Date()
    const headers = { 'webhook-id': 'job_1-3', 'webhook-timestamp': String(Math.floor(now.getTime() / 1000)), 'webhook-signature': new Webhook(secret).sign('job_1-3', now, body) }

    const answers = await page.evaluate(async ({ secret, body, headers }) => {
      const { verifyWebhook } = await import('/client.js' as string) as typeof Sdk // what the page's server has there
      const verify = (text: string) => verifyWebhook(text, headers, secret).then(({ type }) => type, ({ name }: Error) => name)
      return [await verify(body), await verify(body.replace('job_1', 'job_2'))]
    }, { secret, body, headers })

    assert.deepEqual(answers, ['job.succeeded', 'WebhookVerificationError'])
  })

  await t.test('a page of an origin that is not named gets no answer', async () => {
    const other = await startHttp(scope, (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end())
    const { goto } = page
    await goto.call(page, other.origin)

    const answer = await page.evaluate((url) => fetch(url).then(({ status }) => String(status), ({ name }: Error) => name), `${service.url}/v1/jobs`)

    assert.equal(answer, 'TypeError')
  })
})

async function bundle (file: string): Promise<string> {
  const { outputFiles: [output] } = await build({ entryPoints: [join(SDK, file)], bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', write: false, logLevel: 'error' })
  return output?.text ?? ''
}

async function openPage (scope: Scope, origin: string): Promise<Page> {
  const page = await (await startBrowser(scope)).newPage()
  await page.goto(origin)
  return page
}

/** Runs in the page, so it refers to nothing out here. */
async function followJob ({ access, options, code }: { access: { url: string, apiKey: string }, options: { transport?: 'websocket' | 'sse' | 'poll', isPacked?: true }, code: string }) {
  const { createClient } = await import('/client.js' as string) as typeof Sdk // what the page's server has there
  const packed = options.isPacked ? await import('/msgpack.js' as string) as { msgpack: typeof msgpack } : undefined
  let protocol: string | null = null
  class Socket extends WebSocket {
    override addEventListener (...args: Parameters<EventTarget['addEventListener']>) {
      super.addEventListener(...args)
      super.addEventListener('open', () => { protocol = this.protocol })
    }
  }
  const client = createClient({ ...access, WebSocket: Socket, ...(options.transport ? { transport: options.transport } : {}), ...(packed ? { codec: packed.msgpack } : {}) })
  const { id } = await client.jobs.create({ code, input: 20 })
  const types: string[] = []
  const lines: unknown[] = []
  for await (const { type, payload } of client.jobs.events(id)) {
    types.push(type)
    if (type === 'job.log') lines.push(payload['message'])
  }
  const { result } = await client.jobs.get(id)
  const { transport } = client.live
  await client.close()
  return { types, lines, transport, protocol, result }
}
