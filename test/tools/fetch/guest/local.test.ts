import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startScripted } from './scripted.ts'

const { inside, run } = await startScripted()

test('a blob URL is fetched within the isolate until it is revoked', async () => {
  const seen = await inside(`
    const blob = new Blob(['0123456789'], { type: 'a/b' }), url = URL.createObjectURL(blob)
    const tell = async (response) => [response.status, response.statusText, response.url === url, response.type, [...response.headers], await response.text()]
    const kept = new Request(url + '#part')
    const answers = [await tell(await fetch(url)), await tell(await fetch(url + '#part')), (await (await fetch(new URL(url))).blob()).type]
    const refused = await Promise.all([() => fetch(url + '?query'), () => fetch(url, { method: 'POST', body: 'x' }), () => fetch(url, { method: 'HEAD' }), () => fetch('blob:nodedata:x'), () => fetch(url.toUpperCase())].map(nameOf))
    URL.revokeObjectURL(url + '#part')
    answers.push((await fetch(url)).ok)
    URL.revokeObjectURL(url)
    return [answers, refused, await nameOf(() => fetch(url)), await nameOf(() => fetch(new Request(url))), await (await fetch(kept)).text(), await (await fetch(base + '/calls')).json()]`)
  const whole = [200, 'OK', true, 'basic', [['content-length', '10'], ['content-type', 'a/b']], '0123456789']

  assert.deepEqual(seen, [[whole, whole, 'a/b', true], Array(5).fill('TypeError'), 'TypeError', 'TypeError', '0123456789', ['open 1']])
})

test('a range of a blob is answered, and one that is not in it is an error', async () => {
  const ranges = ['bytes=2-4', 'bytes=7-', 'bytes=-3', 'bytes= 2 - 4', 'bytes=0-99', 'bytes=9-9']
  const wrong = ['bytes=10-', 'bytes=4-2', 'bytes=-', 'bytes=1-2,4-5', 'items=1-2', 'bytes 1-2', 'bytes=-11', `bytes=${'9'.repeat(400)}-`]
  const seen = await inside(`
    const url = URL.createObjectURL(new Blob(['0123456789'])), ask = (range) => fetch(url, { headers: { range } })
    return [await Promise.all(input[0].map(ask).map(async (waits) => { const response = await waits; return [response.status, response.headers.get('content-range'), await response.text()].join(' ') })), await Promise.all(input[1].map((range) => nameOf(() => ask(range))))]`, { input: [ranges, wrong] })

  assert.deepEqual(seen, [
    ['206 bytes 2-4/10 234', '206 bytes 7-9/10 789', '206 bytes 7-9/10 789', '206 bytes 2-4/10 234', '206 bytes 0-9/10 0123456789', '206 bytes 9-9/10 9'], wrong.map(() => 'TypeError'),
  ])
})

test('a data URL is fetched within the isolate', async () => {
  const urls = {
    'data:,Hello%2C%20W%C3%BC': ['text/plain;charset=US-ASCII', 'Hello, Wü'], 'data:text/html;charset=utf-8,<b>#x': ['text/html;charset=utf-8', '<b>'], 'data:;base64,SGk=': ['text/plain;charset=US-ASCII', 'Hi'],
    'data:a/b;base64;x=y,SGk=': ['a/b;x=y', 'SGk='], 'data:A/B; BASE64,S%47 k': ['a/b', 'Hi'], 'data:;charset=x,': ['text/plain;charset=x', ''], 'data:nothing,x': ['text/plain;charset=US-ASCII', 'x'], 'DATA:a/b,%zz': ['a/b', '%zz'],
    'data:a/b;n="q;,"': ['a/b;n="q;"', '"'],
  }
  const seen = await inside(`
    const answers = await Promise.all(input.map(async (url) => { const response = await fetch(url, { method: 'PUT', body: 'ignored' }); return [response.headers.get('content-type'), await response.text()] }))
    return [answers, await Promise.all(['data:', 'data:a/b', 'data:;base64,x', 'data:;base64,====', 'about:blank'].map((url) => nameOf(() => fetch(url)))), (await fetch('data:,x#y')).url, await nameOf(() => fetch('data:,x', { signal: AbortSignal.abort() })), (await (await fetch(base + '/calls')).json()).length]`, { input: Object.keys(urls) })

  assert.deepEqual(seen, [Object.values(urls), ['TypeError', 'TypeError', 'TypeError', 'TypeError', 'no error'], 'data:,x', 'AbortError', 2])
})

test('no run fetches the blob of another one, neither at once nor afterwards', async () => {
  const job = (body: string) => `export default async (input) => { ${body} }`
  const keep = job(`const url = URL.createObjectURL(new Blob(['secret'])); await new Promise((resolve) => setTimeout(resolve, 100)); return [url, await (await fetch(url)).text()]`)
  const look = job(`const seen = []; for (const url of input) { try { seen.push(await (await fetch(url)).text()) } catch (error) { seen.push(error.name) } } return seen`)
  const resultOf = async (code: string, input: unknown = null): Promise<string[]> => {
    const { report: { outcome } } = await run(code, { tools: ['fetch'], input })
    assert.equal(outcome.type, 'succeeded')
    return JSON.parse(outcome.type === 'succeeded' ? outcome.result : '[]') as string[]
  }

  const [first = '', own] = await resultOf(keep)
  const [[second = ''], seen] = await Promise.all([resultOf(keep), resultOf(look, [first])])

  assert.deepEqual([own, seen, await resultOf(look, [first, second])], ['secret', ['TypeError'], ['TypeError', 'TypeError']])
})
