import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

// That fetch reads them is in test/tools/fetch/guest/local.test.ts.
const { failureOf, resultOf } = await openGuest()

const URL_FORM = /^blob:nodedata:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('a blob URL is one that nobody can guess, and each is another', async () => {
  const [url, ...rest] = await resultOf(`export default async () => {
    const blob = new Blob(['x']), url = URL.createObjectURL(blob)
    return [url, url === URL.createObjectURL(blob), new URL(url).href === url, new URL(url).origin, URL.createObjectURL(new File([], 'f')).length === url.length, URL.revokeObjectURL(url), URL.revokeObjectURL('x')]
  }`) as [string, ...unknown[]]

  assert.match(url, URL_FORM)
  assert.deepEqual(rest, [false, true, 'null', true, null, null])
})

test('node:buffer resolves a blob URL until it is revoked', async () => {
  const seen = await resultOf(`
    import { resolveObjectURL } from 'node:buffer'
    export default async () => {
      const blob = new Blob(['x'], { type: 'a/b' }), url = URL.createObjectURL(blob)
      const read = async (given) => { const found = resolveObjectURL(given); return found === undefined ? null : [await found.text(), found.type] }
      const before = [await read(url), await read(url + '#part'), await read(url + '?query'), await read('blob:nodedata:x'), await read('x')]
      URL.revokeObjectURL(url + '#part')
      const between = await read(url)
      URL.revokeObjectURL(url)
      return [before, between, await read(url)]
    }`)

  assert.deepEqual(seen, [[['x', 'a/b'], ['x', 'a/b'], null, null, null], ['x', 'a/b'], null])
})

test('no run resolves the blob URL of another one in the same process, neither at once nor afterwards', async () => {
  const look = `import { resolveObjectURL } from 'node:buffer'\nexport default (url) => resolveObjectURL(url) === undefined`
  const first = await resultOf(`export default () => URL.createObjectURL(new Blob(['secret']))`)
  const [second, seen] = await Promise.all([
    resultOf(`export default async () => { const url = URL.createObjectURL(new Blob(['secret'])); await new Promise((resolve) => setTimeout(resolve, 50)); return url }`), resultOf(look, { input: first }),
  ])

  assert.deepEqual([seen, await resultOf(look, { input: second })], [true, true])
})

test('only a blob has a URL', async () => {
  for (const given of ['', '{}', 'null', 'new Uint8Array(1)', 'Object.create(Blob.prototype)']) {
    assert.equal((await failureOf(`export default () => URL.createObjectURL(${given})`)).name, 'TypeError', given)
  }
})

test('blob URLs work whatever user code did before it first made one', async () => {
  const seen = await resultOf(`export default () => {
    const touched = []
    for (const key of ['text', 'bytes', 'failure', 'textChars', 'name', 'method']) Object.defineProperty(Object.prototype, key, { __proto__: null, configurable: true, get () { touched.push(key) }, set () { touched.push(key) } })
    String.prototype.slice = String.prototype.indexOf = JSON.parse = JSON.stringify = () => 'forged'
    const url = URL.createObjectURL(new Blob([]))
    for (const key of ['text', 'bytes', 'failure', 'textChars', 'name', 'method']) delete Object.prototype[key]
    return [url.length, touched]
  }`)

  assert.deepEqual(seen, [50, []])
})
