import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { readBody, startHttp } from '../../helpers/http-server.ts'
import { startFetch } from './host.ts'

/** Redirects from `/from?status` to `/to`, which tells what came. */
async function startRedirecting (t: Parameters<typeof startHttp>[0], location = '/to') {
  return await startHttp(t, async (request, response) => {
    const [path, status] = (request.url ?? '').split('?')
    if (path === '/from') response.writeHead(Number(status), { location }).end('moved')
    else response.end(JSON.stringify({ method: request.method, body: (await readBody(request)).toString(), headers: pick(request) }))
  })
}

function pick ({ headers }: IncomingMessage) {
  const { authorization, cookie, 'content-type': type, 'content-language': language, 'x-mine': mine } = headers
  return Object.fromEntries(Object.entries({ authorization, cookie, type, language, mine }).filter(([, value]) => value !== undefined))
}

const MINE: [string, string][] = [['authorization', 'Bearer x'], ['cookie', 'a=1'], ['content-type', 'text/x'], ['content-language', 'de'], ['x-mine', '1']]

test('a redirect is followed, and the answer says so', async (t) => {
  const { origin } = await startRedirecting(t)
  const { fetch } = startFetch(t)

  const { status, url, redirected } = await fetch(`${origin}/from?302`)

  assert.deepEqual([status, url, redirected], [200, `${origin}/to`, true])
})

test('which method and body follow is as in the Fetch standard', async (t) => {
  const { origin } = await startRedirecting(t)
  const { fetch } = startFetch(t)
  const after = async (status: number, method: string) => {
    const body = method === 'GET' || method === 'HEAD' ? {} : { body: 'x', headers: [['content-type', 'text/x']] as [string, string][] }
    const { text } = await fetch(`${origin}/from?${status}`, { method, ...body })
    const told = JSON.parse(text || '{}') as { method?: string, body?: string, headers?: { type?: string } }
    return [status, method, told.method, told.body, told.headers?.type]
  }

  const seen = []
  for (const status of [301, 302, 303, 307, 308]) for (const method of ['GET', 'POST', 'PUT', 'PATCH']) seen.push(await after(status, method))

  const expected = []
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH']) {
      const becomesGet = method !== 'GET' && (status === 303 || (status < 303 && method === 'POST'))
      expected.push(becomesGet || method === 'GET' ? [status, method, 'GET', '', undefined] : [status, method, method, 'x', 'text/x'])
    }
  }
  assert.deepEqual(seen, expected)
})

test('HEAD stays HEAD', async (t) => {
  const { origin, requests } = await startRedirecting(t)
  const { fetch } = startFetch(t)

  for (const status of [301, 303, 307]) await fetch(`${origin}/from?${status}`, { method: 'HEAD' })

  assert.deepEqual(requests.filter((line) => line.endsWith('/to')), ['HEAD /to', 'HEAD /to', 'HEAD /to'])
})

test('credentials stay with their origin', async (t) => {
  const other = await startRedirecting(t)
  const { origin } = await startRedirecting(t, `${other.origin}/to`)
  const { fetch } = startFetch(t)

  const across = await fetch(`${origin}/from?307`, { method: 'POST', body: 'x', headers: MINE })
  const within = await fetch(`${other.origin}/from?307`, { method: 'POST', body: 'x', headers: MINE })

  assert.deepEqual(JSON.parse(across.text), { method: 'POST', body: 'x', headers: { type: 'text/x', language: 'de', mine: '1' } })
  assert.deepEqual(JSON.parse(within.text), { method: 'POST', body: 'x', headers: { authorization: 'Bearer x', cookie: 'a=1', type: 'text/x', language: 'de', mine: '1' } })
})

test('what describes a body goes with it', async (t) => {
  const { origin } = await startRedirecting(t)
  const { fetch } = startFetch(t)

  const { text } = await fetch(`${origin}/from?303`, { method: 'POST', body: 'x', headers: MINE })

  assert.deepEqual(JSON.parse(text), { method: 'GET', body: '', headers: { authorization: 'Bearer x', cookie: 'a=1', mine: '1' } })
})

test('twenty redirects are followed and no more', async (t) => {
  const { origin, requests } = await startHttp(t, (request, response) => {
    const left = Number(request.url?.slice(1))
    response.writeHead(left > 0 ? 302 : 200, left > 0 ? { location: `/${left - 1}` } : {}).end()
  })
  const { fetch, open } = startFetch(t, { config: { maxRequests: 100 } })

  const { url } = await fetch(`${origin}/20`)

  assert.equal(url, `${origin}/0`)
  await assert.rejects(open(`${origin}/21`), { code: 'TOOL_ERROR', message: `Cannot fetch ${origin}: it redirects more than 20 times (maxRedirects)` })
  assert.equal(requests.length, 21 + 21)
})

test('redirects count as requests', async (t) => {
  const { origin, requests } = await startHttp(t, (_request, response) => response.writeHead(302, { location: '/' }).end())
  const { open } = startFetch(t, { config: { maxRequests: 5 } })

  await assert.rejects(open(origin), { code: 'TOOL_LIMIT', message: 'Cannot fetch: a run may make 5 requests, redirects included (maxRequests)' })

  assert.equal(requests.length, 5)
})

test('redirects can be answered, or taken for an error', async (t) => {
  const { origin } = await startRedirecting(t)
  const { fetch, open } = startFetch(t)

  const { status, headers, url, redirected, text } = await fetch(`${origin}/from?308`, { redirect: 'manual' })

  assert.deepEqual([status, headers.find(([name]) => name === 'location')?.[1], url, redirected, text], [308, '/to', `${origin}/from?308`, false, 'moved'])
  await assert.rejects(open(`${origin}/from?308`, { redirect: 'error' }), { code: 'TOOL_ERROR', message: `Cannot fetch ${origin}: it redirects, which this request takes for an error` })
})

test('a body that came in parts is not sent again, only dropped', async (t) => {
  const { origin, requests } = await startRedirecting(t)
  const { open, write, fetch } = startFetch(t)

  const first = open(`${origin}/from?307`, { id: 1, method: 'POST', body: 'stream' })
  const outcome = assert.rejects(first, { code: 'TOOL_ERROR', message: `Cannot fetch ${origin}: it redirects a body that was sent in parts, which cannot be sent again` })
  await write(1, 'x', true)
  await outcome
  const second = fetch(`${origin}/from?303`, { id: 2, method: 'POST', body: 'stream' })
  await write(2, 'x', true)
  const { text } = await second

  assert.deepEqual(JSON.parse(text), { method: 'GET', body: '', headers: {} })
  assert.deepEqual(requests, ['POST /from?307', 'POST /from?303', 'GET /to'])
})

test('a redirect without a place is an answer; one that cannot be read is an error, and so are two', async (t) => {
  const { origin } = await startHttp(t, (request, response) => {
    if (request.url === '/bad') response.writeHead(302, { location: 'http://[' })
    else if (request.url === '/two') response.writeHead(302, ['location', '/a', 'location', '/b'])
    else response.writeHead(302)
    response.end('no place')
  })
  const { fetch, open } = startFetch(t)

  const { status, text } = await fetch(origin)

  assert.deepEqual([status, text], [302, 'no place'])
  await assert.rejects(open(`${origin}/bad`), { code: 'TOOL_ERROR', message: 'Cannot fetch: the URL cannot be read' })
  await assert.rejects(open(`${origin}/two`), { code: 'TOOL_ERROR', message: 'Cannot fetch: a redirect leads to two places' })
})
