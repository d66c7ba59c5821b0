import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'
import { createRandom } from '../../../helpers/seeded-random.ts'

const { evaluate, resultOf } = await openGuest()

/** Runs a program inside a job and here, where Node's own classes answer. */
async function same (program: (input: string[]) => unknown, input: string[] = []): Promise<void> {
  assert.deepEqual(await resultOf(`export default ${program.toString()}`, { input }), JSON.parse(JSON.stringify(program(input))))
}

const PARTS = (texts: string[]): unknown => texts.map((text) => {
  const [url = '', base] = text.split(' against ')
  try {
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash, searchParams } = base === undefined ? new URL(url) : new URL(url, base)
    return [text, href, origin, protocol, username, password, host, hostname, port, pathname, search, hash, [...searchParams], URL.canParse(url, base)]
  } catch (error) {
    return [text, (error as Error).name, URL.canParse(url, base), URL.parse(url, base)]
  }
})

test('URLs are parsed into the parts that the standard names', async () => {
  await same(PARTS, [
    'https://user:pa%20ss@example.com:8080/a/b;c?q=1&q=2#frag', 'HTTP://EXAMPLE.com:80/', 'https://example.com', 'https://example.com?', 'https://example.com#', 'https://example.com/?#',
    'ftp://host/a/../b/./c/%2e%2E/d', 'https://h/a/.', 'https://h/a/..', 'https://h/.well-known/x', 'https://h//a//b', 'https:\\\\h\\a\\b', 'https:h/a', '  https://h/ \t\n', 'ht\ntps://h/',
    'http://1', 'http://0x7f.1/', 'http://2130706433/', 'http://256.1.1.1.1/', 'http://1.2.3.256/', 'http://[::1]:99/', 'http://[1:0:0:2::3]/', 'http://[::ffff:1.2.3.4]/', 'http://[::1', 'http://[g::]/',
    'http://a b/', 'http://a%41b/', 'http://a%00b/', 'http://a^b/', 'http:///x', 'http://', 'http://h:65535/', 'http://h:65536/', 'http://h:/', 'http://h:x/', 'http://h:00080/', 'https://h:443/', 'http://h:443/',
    'file:///C|/a/../..', 'file://localhost/x', 'file:x', 'file://h/C:/', 'mailto:me@example.com', 'data:text/plain,a b#c d', 'javascript:alert(1)  ', 'non-special://H:99/%41?a', 'non-special:/..//x', 'web+demo:/.//not-a-host/',
    'blob:https://example.com/id', 'blob:ftp://h/x', 'about:blank', 'urn:isbn:1', '//h/x', 'x', '', '?q', '#f', 'https://h/%zz%', 'https://h/ "<>`{}|^?\'"<>#`"<>', 'https://h/é\u{1f600}?é#é', 'https://h/\ud800?\udfff#\ud800x',
    'x against https://h/a/b?c#d', '../x against https://h/a/b/c', '/x against https://h/a', '//g against https://h/a', '?x against https://h/a?b#c', '#x against https://h/a?b#c', ' against https://h/a?b#c',
    'x against mailto:y', '#x against mailto:y', 'x against nothing', 'https:x against https://h/a/b', 'C|/x against file:///D:/y', '/x against file:///C:/y', 'https://u@/x', 'https://@h', 'https://:@h/', 'https://u:p@@h/',
  ])
})

test('hosts outside of ASCII become what the domain name system has', async () => {
  await same(PARTS, [
    'https://münchen.example/', 'https://faß.de/', 'https://FAẞ.de/', 'https://日本語。jp/', 'https://xn--mnchen-3ya.example/', 'https://ｗｗｗ．example/', 'https://１２７.０.０.１/', 'https://a\u00adb/', 'https://\u00ad/', 'https://\u200d.example/',
    'https://xn--iñvalid.example/', 'https://a\u0338=b/', 'https://≠.example/', 'https://=\u0338.example/', 'https://é%2f.example/', 'https://é%3a.example/', 'https://é／x.example/', 'https://é＠x/', 'https://é？x/', 'https://é%00x/', 'https://é x/',
    'https://%C3%A9.example/', 'https://%E9.example/', 'https://☃.net/', 'https://\ud83d.example/', 'https://\u0627a.example/', `https://${'é'.repeat(300)}/`, 'non-special://é/',
  ])
  assert.deepEqual(await evaluate(`[1000, 1024].map((length) => URL.canParse('https://' + 'é'.repeat(length) + '.example/'))`), [true, false])
})

test('what is parsed the short way is what the whole parser makes of it', async () => {
  const random = createRandom(9)
  const pieces = ['http', 'https', '://', ':', '/', '//', '.', '..', '/.', '/%2e', 'a', 'example.com', 'xn--a', '1', '0x1', '80', '443', '08', '?', '#', '@', '%', '%41', '&', '=', "'", '"', '[', ']', '|', '^', '`', '{', '\\', 'A', '-', '~', ';', ',', '+', '!', '<', '>']
  const texts = Array.from({ length: 3000 }, () => `${random() < 0.8 ? `http${random() < 0.5 ? 's' : ''}://${random() < 0.9 ? 'h.example' : ''}` : ''}${Array.from({ length: 1 + Math.floor(random() * 8) }, () => pieces[Math.floor(random() * pieces.length)]).join('')}`)

  assert.deepEqual(await resultOf(`export default (texts) => {
    const read = (text) => {
      const url = URL.parse(text)
      return url && ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'].map((name) => url[name]).join(' ')
    }
    return texts.filter((text) => read(text) !== read(' ' + text))
  }`, { input: texts }), [])
  await same(PARTS, texts.filter((text) => !text.includes('xn--')))
})

test('parts are set as the standard says, and the query follows its pairs both ways', async () => {
  await same(() => {
    const seen: unknown[] = []
    const names = ['href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'] as const
    const values = ['', 'https', 'ftp:', 'mailto:x', 'a b', 'example.org:81', 'example.org:81/x', '99', '99x', 'x99', '/p/../q', 'p?q#r', '?a=1&b=%', '#é', '\ud800', 'ünï', 'javascript:1', '[::1]', '1.2.3', 'a@b', '\t8\n0']
    for (const start of ['https://u:p@h.example:8080/a?b=c#d', 'mailto:x@y', 'file:///a', 'web+x://h/p', 'web+x:/p', 'data:a b  ?c#d']) {
      for (const name of names) {
        for (const value of values) {
          const url = new URL(start)
          try { url[name] = value } catch (error) { seen.push((error as Error).name) }
          seen.push(url.href)
        }
      }
    }
    const url = new URL('https://h/?a=1&a=2#f')
    const { searchParams } = url
    searchParams.append('b', 'é &+')
    seen.push(url.href)
    url.search = '?x=%20+y'
    seen.push([...searchParams], searchParams === url.searchParams)
    searchParams.delete('x')
    seen.push(url.href, url.search)
    url.href = 'https://g/?n'
    seen.push([...searchParams], JSON.stringify({ url }), String(url), `${searchParams}`)
    return seen
  })
})

test('pairs are made of text, of pairs and of records', async () => {
  await same(() => {
    const seen: unknown[] = []
    const inits: unknown[] = [
      undefined, null, '', '?', '??a=b', 'a=b&c', '&&a&&=b&=', 'a+b=c%20d', 'a=%', 'a=%4', 'a=%zz%41', '%C3%A9=%E9', '%EF%BB%BFx=1', 'a=b=c', 'é=\ud800', 5, true, [['a', 'b'], ['a', 5]], new Set([['x', 'y']]),
      { a: 1, b: null }, { '\ud800': '1', '\ufffd': '2', z: '3' }, [], {}, new URLSearchParams('q=1'), new Map([['m', 'n']]), Object.create({ inherited: 1 }),
      [['a']], [['a', 'b', 'c']], ['ab'], ['abc'], [5], { [Symbol('s')]: 1 }, { [Symbol.iterator]: 5 }, { [Symbol.iterator]: null, k: 'v' }, Symbol('t'), { a: Symbol('u') }, function f () {},
    ]
    for (const init of inits) {
      try { seen.push([...new URLSearchParams(init as never)]) } catch (error) { seen.push((error as Error).name) }
    }
    return seen
  })
})

test('pairs are changed, asked for, sorted and written', async () => {
  await same(() => {
    const params = new URLSearchParams('b=2&a=1&b=3&\ufffd=x&\u{1f600}=y&a=0')
    const seen: unknown[] = [params.size, params.get('b'), params.get('no'), params.getAll('b'), params.getAll('no'), params.has('a'), params.has('a', '0'), params.has('a', '9'), params.has('a', undefined)]
    params.sort()
    seen.push([...params.keys()], params.toString())
    params.set('b', 'new')
    params.set('c', "!'()~*-._ &=+%é\ud800")
    params.delete('a', '1')
    params.append('a', null as never)
    seen.push(params.toString(), [...params.entries()], [...params.values()])
    params.delete('a')
    params.delete('b', undefined)
    seen.push(`${params}`)
    const walked = new URLSearchParams('a=1&b=2&c=3')
    for (const [name] of walked) {
      seen.push(name)
      walked.delete(name)
    }
    walked.forEach(function (this: unknown, value, name, all) { seen.push([this, value, name, all === walked]) }, 'self')
    const iterator = walked.entries()
    const prototype = Object.getPrototypeOf(iterator) as object
    seen.push(Object.prototype.toString.call(iterator), Object.getOwnPropertyNames(prototype), Object.getPrototypeOf(prototype) === Iterator.prototype, iterator.next(), iterator.next(), [...iterator])
    return seen
  })
})

test('both have the shape that Web IDL gives them', async () => {
  await same(() => {
    const describe = (holder: object): unknown => Object.fromEntries(Reflect.ownKeys(holder).filter((key) => !String(key).includes('nodejs')).map((key) => [String(key), Object.getOwnPropertyDescriptor(holder, key)]).sort()
      .map(([key, descriptor]) => {
        const { value, get, set, writable, enumerable, configurable } = descriptor as PropertyDescriptor
        return [key, typeof value === 'function' ? [value.name, value.length] : typeof value, get && [get.name, get.length], set && [set.name, set.length], writable, enumerable, configurable]
      }).map(([key, ...rest]) => [key, rest]))
    const { size: _, ...params } = describe(URLSearchParams.prototype) as Record<string, unknown> // Node names the getter otherwise
    return [params, describe(URLSearchParams), ...['prototype', 'canParse', 'length', 'name', 'parse'].map((key) => (describe(URL) as Record<string, unknown>)[key]), Object.keys(URL.prototype).sort()]
  })
  assert.deepEqual(await evaluate(`['createObjectURL', 'revokeObjectURL'].map((name) => [typeof URL[name], URL[name].length, URL[name].name])`), [['function', 1, 'createObjectURL'], ['function', 1, 'revokeObjectURL']])
})

test('arguments are counted and converted as Web IDL says, and what is no such object is refused', async () => {
  assert.deepEqual(await resultOf(`export default () => {
    const nameOf = (work) => { try { work(); return 'none' } catch (error) { return error.constructor === TypeError ? 'TypeError' : error.message } }
    const text = { toString () { throw new Error('asked') } }
    const { href } = Object.getOwnPropertyDescriptor(URL.prototype, 'href').set ? Object.getOwnPropertyDescriptors(URL.prototype) : {}
    const params = new URLSearchParams()
    return [
      () => new URL(), () => URL('about:blank'), () => URLSearchParams(), () => URL.parse(), () => URL.canParse(), () => new URL(Symbol('s')), () => new URL('about:blank', null), () => new URL(text), () => new URL('about:blank', text),
      () => href.get.call({}), () => href.set.call({}, text), () => href.set.call(URL.prototype, text), () => URL.prototype.toJSON.call({}), () => URL.prototype.host, () => params.append('a'), () => params.get(), () => params.getAll(), () => params.has(), () => params.set('a'), () => params.delete(),
      () => params.append.call({}, text, text), () => params.forEach(), () => params.forEach({}), () => params.entries.call({}), () => params.entries().next.call({}), () => params[Symbol.iterator].call(new URL('about:blank')), () => URL.createObjectURL(), () => URL.revokeObjectURL(),
    ].map(nameOf)
  }`), [
    'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'asked', 'asked',
    ...Array<string>(19).fill('TypeError'),
  ])
})

test('what code did to prototypes before it first used them changes its own run only, and shows it nothing of the host', async () => {
  assert.deepEqual(await resultOf(`export default () => {
    const heard = []
    for (const name of ['toAscii', 'toUnicode', 'text', 'bytes', 'textChars', 'platform:url']) {
      Object.defineProperty(Object.prototype, name, { __proto__: null, get () { heard.push(name); return undefined }, set () { heard.push(name) }, configurable: true })
    }
    JSON.parse = JSON.stringify = () => { heard.push('JSON') }
    String.prototype.toWellFormed = String.prototype.replaceAll = () => { heard.push('called') }
    const { host } = new URL('https://münchen.example/x')
    const params = new URLSearchParams('a=%E9&b')
    params.append('c', 'd e')
    return [host, params.toString(), heard]
  }`), ['xn--mnchen-3ya.example', 'a=%EF%BF%BD&b=&c=d+e', []])
})
