import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { evaluate, resultOf } = await openGuest()

/** The patterns that a URLPattern is made of, in the order of a URL. */
const READ = `const read = (...given) => {
  const { protocol, username, password, hostname, port, pathname, search, hash } = new URLPattern(...given)
  return [protocol, username, password, hostname, port, pathname, search, hash].join(' ')
}
const failure = (work) => { try { work(); return 'none' } catch (error) { return error.constructor === TypeError ? 'TypeError' : error.message } }`

test('a text is cut into the patterns of the parts of a URL', async () => {
  assert.deepEqual(await resultOf(`${READ}
  export default () => [
    'https://example.com/a', 'https://*.example.com:8080/a/:id\\\\?q=:q#*', 'http{s}?://{:user.}?h/*', 'data\\\\:text/*', 'https://u\\\\:p@h', 'https://[\\\\:\\\\:1]:80/', '*://h', 'https://h?x', 'https://h#x', 'custom://h/p', 'https://h/{a}?x?c', 'mailto\\\\:a?b',
  ].map((text) => read(text))`), [
    'https * * example.com  /a * *', 'https * * *.example.com 8080 /a/:id q=:q *', 'http{s}? * * {:user.}?h  /* * *', 'data * *   text/* * *', 'https u p h  * * *', 'https * * [\\:\\:1] 80 / * *', '* * * h  * * *',
    'https * * h  / x *', 'https * * h  /  x', 'custom * * h  /p * *', 'https * * h  /{a}?x c *', 'mailto * *   a b *',
  ])
})

test('parts that are not given fit everything, or are what the base has', async () => {
  assert.deepEqual(await resultOf(`${READ}
  export default () => [
    read(), read({}), read({ pathname: '/a' }), read({ protocol: 'https:', port: '443', search: '?x', hash: '#y' }), read('/b', 'https://u:p@h.example:81/a/c?d#e'), read('?q', 'https://h/a/c?d#e'),
    read({ pathname: 'b', baseURL: 'https://h/a(c)/d?e' }), read({ hostname: 'g', baseURL: 'https://h/a' }), read({ search: 's', baseURL: 'data:x?y#z' }), read({ pathname: '\\\\/b', baseURL: 'https://h/a/' }),
    failure(() => new URLPattern('/b')), failure(() => new URLPattern('b', 'c')), failure(() => new URLPattern({ baseURL: 'no' })), failure(() => new URLPattern({}, 'https://h/')),
  ]`), [
    '* * * * * * * *', '* * * * * * * *', '* * * * * /a * *', 'https * * *  * x y', 'https * * h.example 81 /b * *', 'https * * h  /a/c q *',
    'https * * h  /a\\(c\\)/b * *', 'https * * g * * * *', 'data * *   x s *', 'https * * h  /b * *', 'TypeError', 'TypeError', 'TypeError', 'TypeError',
  ])
})

test('patterns are written in the shortest form, with text as URLs have it', async () => {
  assert.deepEqual(await resultOf(`export default () => [
    '/:a', '/{:a}', '{/:a}', '/a{:b}', '/:a{b}', '/:a-b', '/{:a}b', '/:a{:b}', '/(.*)', '/*', '/a*', '/:a(.*)', '/:a([^\\\\/]+?)', '/([^\\\\/]+?)', '/(\\\\d+)', '/:a?', '/{a}?', '/{a:b}+', '/é/ü', '/a b', '/../x/./y', '/\\\\:a', '/\\\\*', '/{\\\\}}', 'x', ':a𐐀', '/:a\\\\b', '/{:a\\\\.}',
  ].map((pathname) => new URLPattern({ pathname, protocol: 'https' }).pathname)`), [
    '/:a', '/{:a}', '/:a', '/a:b', '{/:a}b', '/:a-b', '/{:a}b', '/:a:b', '/*', '/*', '/a*', '/:a(.*)', '/:a', '/([^\\/]+?)', '/(\\d+)', '/:a?', '/{a}?', '/{a:b}+', '/%C3%A9/%C3%BC', '/a%20b', '/x/y', '/\\:a', '/\\*', '/%7D', 'x', ':a𐐀',
    '{/:a}b', '/{:a.}',
  ])
})

test('URLs are matched, and groups answer what they took', async () => {
  assert.deepEqual(await resultOf(`export default () => {
    const pattern = new URLPattern('https://:sub.example.com/files/:id(\\\\d+)/:name.:type')
    const found = pattern.exec('https://a.example.com/files/12/x.png?v=1')
    const many = new URLPattern({ pathname: '/{:part/}+' })
    const maybe = new URLPattern({ pathname: '/a{/:b}?' }).exec({ pathname: '/a' })
    return [
      found, Object.keys(found), pattern.test('https://a.b.example.com/files/12/x.png'), pattern.test('https://a.example.com/files/x/x.png'), pattern.test('no url'), pattern.exec('no url'), pattern.test({ hostname: 'x y' }),
      many.exec({ pathname: '/a/b/c/' }).pathname, 'b' in maybe.pathname.groups, maybe.pathname.groups.b === undefined, maybe.inputs, new URLPattern({ pathname: '/A' }, { ignoreCase: true }).test('https://h/a'), new URLPattern({ pathname: '/A' }).test('https://h/a'),
      new URLPattern({ hostname: 'münchen.example' }).hostname, new URLPattern({ hostname: '*.EXAMPLE' }).test('https://a.example/'), new URLPattern('https://h/a').test('a', 'https://h/b'), new URLPattern('https://h/a').exec('a', 'https://h/b').inputs,
      new URLPattern({ search: 'a=:x' }).exec('https://h/?a=%20b').search, new URLPattern({ protocol: 'http', port: '80 ' }).port, new URLPattern({ pathname: '/([[a-z]--a])' }).test({ pathname: '/a' }),
    ]
  }`), [
    {
      hash: { groups: { 0: '' }, input: '' }, hostname: { groups: { sub: 'a' }, input: 'a.example.com' }, inputs: ['https://a.example.com/files/12/x.png?v=1'], password: { groups: { 0: '' }, input: '' },
      pathname: { groups: { id: '12', name: 'x', type: 'png' }, input: '/files/12/x.png' }, port: { groups: {}, input: '' }, protocol: { groups: {}, input: 'https' }, search: { groups: { 0: 'v=1' }, input: 'v=1' }, username: { groups: { 0: '' }, input: '' },
    },
    ['hash', 'hostname', 'inputs', 'password', 'pathname', 'port', 'protocol', 'search', 'username'], false, false, false, null, false,
    { groups: { part: 'a/b/c' }, input: '/a/b/c/' }, true, true, [{ pathname: '/a' }], true, false,
    'xn--mnchen-3ya.example', true, true, ['a', 'https://h/b'],
    { groups: { x: '%20b' }, input: 'a=%20b' }, '80', false,
  ])
})

test('what is no pattern is refused, and so is what is no URLPattern', async () => {
  assert.deepEqual(await resultOf(`${READ}
  export default () => [
    ...[':', '/(', '/()', '/(?x)', '/((a))', '/(é)', '/(a', '/:a:a', '/{a', '/a}', '/+', '/\\\\', '/([)', '/(\\\\', '/{:a/}{b'].map((pathname) => failure(() => new URLPattern({ pathname }))),
    failure(() => new URLPattern({ protocol: 'a b' })), failure(() => new URLPattern({ port: 'x' })), failure(() => new URLPattern({ hostname: 'a b' })), failure(() => new URLPattern({ hostname: '[x]' })),
    failure(() => URLPattern()), failure(() => new URLPattern(Symbol('s'))), failure(() => new URLPattern({}, Symbol('s'))), failure(() => URLPattern.prototype.test.call({}, { get hash () { throw new Error('asked') } })), failure(() => URLPattern.prototype.pathname),
    failure(() => new URLPattern().exec({}, 'https://h/')), failure(() => new URLPattern({ get hash () { throw new Error('asked') } })),
  ]`), [...Array<string>(25).fill('TypeError'), 'asked'])
})

test('the class has the shape that Web IDL gives it', async () => {
  assert.deepEqual(await evaluate(`[
    URLPattern.length, URLPattern.name, String(new URLPattern()), Object.keys(URLPattern.prototype).sort(), URLPattern.prototype.test.length, URLPattern.prototype.exec.length, new URLPattern('https://h/(a)').hasRegExpGroups, new URLPattern('https://h/:a').hasRegExpGroups,
    Object.getOwnPropertyDescriptor(URLPattern.prototype, 'hash').set === undefined, Object.getOwnPropertyDescriptor(globalThis, 'URLPattern').enumerable,
  ]`), [
    0, 'URLPattern', '[object URLPattern]', ['exec', 'hasRegExpGroups', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'test', 'username'], 0, 0, true, false, true, false,
  ])
  assert.deepEqual(await resultOf(`export default () => {
    const order = []
    new URLPattern(new Proxy({}, { get (_, name) { order.push(name) } }), new Proxy({}, { get (_, name) { order.push(name) } }))
    return order
  }`), ['baseURL', 'hash', 'hostname', 'password', 'pathname', 'port', 'protocol', 'search', 'username', 'ignoreCase'])
})
