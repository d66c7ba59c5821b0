import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startEngine } from '../helpers/engine.ts'
import { readBody, startHttp } from '../helpers/http-server.ts'

// axios as it comes, over the fetch of the job, with a server behind it.
const { resultOf } = await startEngine({ lanes: 2, tools: { own: '', config: '{"fetch":{"allowRanges":["127.0.0.0/8"]}}' } })
const { origin, port } = await startHttp({ after }, async (request, response) => {
  const { method, url, headers } = request
  if (url === '/late') return
  response.writeHead(url === '/gone' ? 410 : 200, { 'content-type': 'application/json', 'x-seen': 'yes' })
  response.end(JSON.stringify({ method, url, type: headers['content-type'] ?? null, length: headers['content-length'] ?? null, auth: headers.authorization ?? null, body: (await readBody(request)).toString() }))
})
const granted = { input: origin, tools: ['fetch', 'crypto'], permissions: { net: [`127.0.0.1:${port}`] } }

test('requests are sent and answered', async () => {
  assert.deepEqual(await resultOf(`
    import axios from 'axios'
    export default async (base) => {
      const api = axios.create({ baseURL: base, auth: { username: 'a', password: 'b' }, timeout: 60_000 })
      api.interceptors.response.use((response) => [response.status, response.headers['x-seen'], response.data])
      return [await api.get('/path', { params: { q: 'ü' } }), await api.post('/', { a: 'ü' }), await api.put('/', new URLSearchParams({ a: 'b c' }))]
    }`, granted), [
    [200, 'yes', { method: 'GET', url: '/path?q=%C3%BC', type: null, length: null, auth: 'Basic YTpi', body: '' }],
    [200, 'yes', { method: 'POST', url: '/', type: 'application/json', length: '10', auth: 'Basic YTpi', body: '{"a":"ü"}' }],
    [200, 'yes', { method: 'PUT', url: '/', type: 'application/x-www-form-urlencoded;charset=utf-8', length: '5', auth: 'Basic YTpi', body: 'a=b+c' }],
  ])
})

test("forms of form-data, of the platform and of axios's own making arrive, as do bytes", async () => {
  assert.deepEqual(await resultOf(`
    import FormData from 'form-data'
    export default async (base) => {
      const axios = require('axios')
      const form = new FormData()
      form.append('file', Buffer.from('a,b'), { filename: 'table.csv' })
      const native = new globalThis.FormData()
      native.append('a', 'b')
      const whole = new FormData()
      whole.append('a', 'b')
      const sent = await Promise.all([axios.post(base, form, { headers: form.getHeaders() }), axios.post(base, native), axios.postForm(base, { list: [1, 2] }), axios.post(base, whole.getBuffer(), { headers: whole.getHeaders() })])
      const { data } = await axios.get(base, { responseType: 'arraybuffer' })
      return [...sent.map(({ data: { type, body } }) => [type.split(';')[0], body.includes(type.split('boundary=')[1]), body.match(/name=.*/g)]), JSON.parse(Buffer.from(data)).method]
    }`, granted), [
    ['multipart/form-data', true, ['name="file"; filename="table.csv"']], ['multipart/form-data', true, ['name="a"']],
    ['multipart/form-data', true, ['name="list[]"', 'name="list[]"']], ['multipart/form-data', true, ['name="a"']], 'GET',
  ])
})

test('what fails says so: an answer, a time limit, a host that was not granted, a job without the tool', async () => {
  const code = `
    import axios from 'axios'
    const tell = (error) => [error.name, error.code, error.message, error.response?.data.method]
    export default async (base) => {
      const attempts = [axios.get(base + '/gone'), axios.get(base + '/late', { timeout: 5 }), axios.get('http://127.0.0.2/')]
      return (await Promise.allSettled(attempts)).map(({ reason }) => tell(reason))
    }`

  assert.deepEqual(await resultOf(code, granted), [
    ['AxiosError', 'ERR_BAD_REQUEST', 'Request failed with status code 410', 'GET'],
    ['AxiosError', 'ETIMEDOUT', 'timeout of 5ms exceeded', null],
    ['TypeError', 'PERMISSION_DENIED', 'Cannot fetch 127.0.0.2:80: the job was not granted it; permissions.net would have to name "127.0.0.2"', null],
  ])
  const refused = (path: string) => ['AxiosError', 'PERMISSION_DENIED', `Cannot request "${path}": there is no fetch; a job asks for it with "tools": ["fetch"], "permissions": { "net": ["the host"] }`, null]
  assert.deepEqual(await resultOf(code, { input: 'http://example.test' }), [refused('http://example.test/gone'), refused('http://example.test/late'), refused('http://127.0.0.2/')])
})
