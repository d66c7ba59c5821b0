import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTarget, RefusedTarget } from '../../src/net/target.ts'

test('a URL is read as it is requested: no fragment, no dot at the end, its port', () => {
  const read = (text: string) => {
    const { url, host, port } = readTarget(text)
    return [url.href, host, port]
  }

  assert.deepEqual(read('HTTP://EXAMPLE.test./a?b#c'), ['http://example.test/a?b', 'example.test', 80])
  assert.deepEqual(read('https://example.test'), ['https://example.test/', 'example.test', 443])
  assert.deepEqual(read('https://b\u00FCcher.test:444/'), ['https://xn--bcher-kva.test:444/', 'xn--bcher-kva.test', 444])
  assert.deepEqual(read('http://[2001:DB8::0:1]:8080/'), ['http://[2001:db8::1]:8080/', '[2001:db8::1]', 8080])
  assert.deepEqual(read('http://0x7f.1./'), ['http://127.0.0.1/', '127.0.0.1', 80])
})

test('a redirect is read from where it came', () => {
  const base = new URL('https://one.test/a/b')

  assert.equal(readTarget('../c', base).url.href, 'https://one.test/c')
  assert.equal(readTarget('//two.test/', base).url.href, 'https://two.test/')
})

test('what is refused is told by its host, and never with its password', () => {
  for (const [text, target] of [['ftp://x.test/', 'x.test'], ['data:,x', 'data:'], ['http://u:secret@x.test:8080/', 'x.test:8080'], ['http://x.test:6000/', 'x.test:6000'], ['http://[', '']] as const) {
    assert.throws(() => readTarget(text), (error) => error instanceof RefusedTarget && error.target === target && !error.message.includes('secret'), text)
  }
})
