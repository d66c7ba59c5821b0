import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowsHost, findBeyond, formatNetPattern, listRisks, meetPermissions, mergePermissions, parseNetPattern, Permissions } from '../../src/core/permissions.ts'

const NET: [entry: string, canonical: string | null][] = [
  ['api.example.com', 'api.example.com'],
  ['API.Example.COM.', 'api.example.com'],
  ['api.example.com:8443', 'api.example.com:8443'],
  ['api.example.com:*', 'api.example.com:*'],
  ['*.example.com', '*.example.com'],
  ['*.example.com:8080', '*.example.com:8080'],
  ['*', '*'],
  ['*:443', '*:443'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['[2001:DB8::1]', '[2001:db8::1]'],
  ['[2001:db8:0:0::1]:8080', '[2001:db8::1]:8080'],
  ['2130706433', '127.0.0.1'],
  ['0x7f.1:80', '127.0.0.1:80'],
  ['https://api.example.com/v1?x=1', 'api.example.com:443'],
  ['http://api.example.com', 'api.example.com:80'],
  ['https://user:pass@api.example.com:8443', 'api.example.com:8443'],
  ['http://１２７.0.0.1./', '127.0.0.1:80'],
  ['http://*/', null],
  ['https://%2A.example.com', null],
  ['http://exa*mple.com', null],
  ['http://a,b/', null],
  ['http://a..b/', null],
  ['http://./', null],
  ['http://[fe80::1%25eth0]/', null],
  ['[fe80::1%eth0]', null],
  ['10.0.0.0/8', null],
  ['ftp://example.com', null],
  ['example.com/path', null],
  ['exa*mple.com', null],
  ['**.example.com', null],
  ['*.*.example.com', null],
  ['example.com:0', null],
  ['example.com:65536', null],
  ['example.com:', null],
  ['user@example.com', null],
  ['exam ple.com', null],
  ['example.com\n', null],
  ['2001:db8::1', null],
  ['..', null],
  ['', null],
]
for (const [entry, canonical] of NET) {
  test(`as a host, ${JSON.stringify(entry)} ${canonical === null ? 'is none' : `is ${canonical}`}`, () => {
    const pattern = parseNetPattern(entry)

    assert.equal(pattern && formatNetPattern(pattern), canonical)
  })
}

const REACH: [net: string[] | true, host: string, port: number, reached: boolean][] = [
  [[], 'example.com', 443, false],
  [true, 'example.com', 25, true],
  [['example.com'], 'example.com', 443, true],
  [['example.com'], 'EXAMPLE.com.', 80, true],
  [['example.com'], 'example.com', 8080, false],
  [['example.com:8080'], 'example.com', 8080, true],
  [['example.com:8080'], 'example.com', 80, false],
  [['example.com:*'], 'example.com', 22, true],
  [['example.com'], 'www.example.com', 443, false],
  [['*.example.com'], 'www.example.com', 443, true],
  [['*.example.com'], 'a.b.example.com', 443, true],
  [['*.example.com'], 'example.com', 443, false],
  [['*.example.com'], 'evilexample.com', 443, false],
  [['*.example.com'], '.example.com', 443, false],
  [['*'], 'anything.test', 443, true],
  [['*'], 'anything.test', 6379, false],
  [['[::1]:80'], '[::1]', 80, true],
]
for (const [net, host, port, reached] of REACH) {
  test(`${JSON.stringify(net)} ${reached ? 'has' : 'has not'} ${host} at port ${port}`, () => {
    assert.equal(allowsHost(mergePermissions([{ net }]), host, port), reached)
  })
}

const REFUSED: [asked: unknown, message: RegExp][] = [
  ['inherit', /inherits nothing/],
  [{ net: 'inherit' }, /inherits nothing/],
  [{ env: 'inherit' }, /inherits nothing/],
  [{ net: 'example.com' }, /Expected a list of names, true or false/],
  [{ net: ['10.0.0.0/8'] }, /10\.0\.0\.0\/8.* is no host: .*for the operator to allow/],
  [{ run: true }, /never granted: code has no processes to start/],
  [{ run: ['ls'] }, /never granted: code has no processes to start/],
  [{ ffi: true }, /never granted: code has no native libraries/],
  [{ env: ['A=B'] }, /letters, digits and underscores/],
  [{ sys: true }, /sys/],
  [{ hrtime: 'yes' }, /boolean/],
  [{ net: Array.from({ length: 101 }, (_, i) => `h${i}.example`) }, /100/],
  ['all', /./],
]
for (const [asked, message] of REFUSED) {
  test(`a job cannot ask for ${JSON.stringify(asked).slice(0, 60)}`, () => {
    const read = Permissions.safeParse(asked)

    assert.equal(read.success, false)
    assert.match(JSON.stringify(read.error.issues), message)
  })
}

test('what is never granted may be said to be not asked for', () => {
  assert.deepEqual(Permissions.parse({ run: false, ffi: [] }), { run: false, ffi: [] })
})

test('lists are united without repeats, of booleans the later one stands, and none yields', () => {
  const merged = mergePermissions(['none', { net: ['a.example', 'b.example'], env: ['A'], hrtime: true }, { net: ['b.example', 'c.example'], env: false, hrtime: false }, 'none'])

  assert.deepEqual(merged, { net: [{ host: 'a.example', port: null }, { host: 'b.example', port: null }, { host: 'c.example', port: null }], env: ['A'], read: [], write: [], hrtime: false })
  assert.deepEqual(mergePermissions([{ net: true }, { net: false }]).net, [])
  assert.equal(mergePermissions([{ net: ['a.example'] }, { net: true }]).net, true)
  assert.deepEqual(mergePermissions(['none', 'none']), mergePermissions([]))
})

const BEYOND: [asked: Parameters<typeof findBeyond>[0], ceiling: Parameters<typeof findBeyond>[1], beyond: string | undefined][] = [
  [{ net: true, env: true }, null, undefined],
  ['none', 'none', undefined],
  [{ net: ['a.example'] }, 'none', 'net: "a.example"'],
  [{ net: ['a.example'] }, { net: ['a.example'] }, undefined],
  [{ net: ['a.example:443'] }, { net: ['a.example'] }, undefined],
  [{ net: ['a.example'] }, { net: ['a.example:443'] }, 'net: "a.example"'],
  [{ net: ['a.example:*'] }, { net: ['a.example'] }, 'net: "a.example:*"'],
  [{ net: ['a.example:8443', 'a.example'] }, { net: ['a.example:*'] }, undefined],
  [{ net: ['www.a.example'] }, { net: ['*.a.example'] }, undefined],
  [{ net: ['*.www.a.example'] }, { net: ['*.a.example'] }, undefined],
  [{ net: ['*.a.example'] }, { net: ['*.www.a.example'] }, 'net: "*.a.example"'],
  [{ net: ['*.a.example'] }, { net: ['*.a.example'] }, undefined],
  [{ net: ['*'] }, { net: ['*.a.example'] }, 'net: "*"'],
  [{ net: true }, { net: ['*'] }, 'net: true'],
  [{ net: ['*:25'] }, { net: true }, undefined],
  [{ env: ['A', 'B'] }, { env: ['A'] }, 'env: "B"'],
  [{ env: true }, { env: ['A'] }, 'env: true'],
  [{ read: ['x'] }, { write: true }, 'read: "x"'],
  [{ hrtime: true }, { net: true }, 'hrtime: true'],
]
for (const [asked, ceiling, beyond] of BEYOND) {
  test(`of ${JSON.stringify(asked)}, ${beyond ?? 'nothing'} is beyond ${JSON.stringify(ceiling)}`, () => {
    assert.equal(findBeyond(asked, ceiling), beyond)
  })
}

test('risks are wildcards, local hosts, and more than ten hosts', () => {
  const many = Array.from({ length: 11 }, (_, i) => `h${i}.example`)
  const local = ['localhost', 'db.internal:5432', '127.0.0.1', '10.1.2.3', '172.20.0.1', '192.168.1.1', '[::1]', '[fd00::1]']

  assert.deepEqual(listRisks(mergePermissions([{ net: many }])), ['net has 11 hosts, more than 10'])
  assert.deepEqual(listRisks(mergePermissions([{ net: ['*', '*.a.example'] }])), ['net has the wildcard "*"', 'net has the wildcard "*.a.example"'])
  assert.deepEqual(listRisks(mergePermissions([{ net: local }])), local.map((host) => `net has the local host "${host}"`))
  assert.deepEqual(listRisks(mergePermissions([{ net: ['example.com', '172.32.0.1', 'localhost.example'] }])), [])
})

const MEETS: [one: Parameters<typeof meetPermissions>[0], other: Parameters<typeof meetPermissions>[1], both: object | string | null][] = [
  [null, null, null],
  [null, { net: ['a.example'] }, { net: ['a.example'] }],
  ['none', { net: true }, { net: [], env: [], read: [], write: [], hrtime: false }],
  [{ net: true, env: true, hrtime: true }, { net: ['a.example'], env: ['A'], hrtime: true }, { net: ['a.example'], env: ['A'], read: [], write: [], hrtime: true }],
  [{ net: true }, { net: true, read: true }, { net: true, env: [], read: [], write: [], hrtime: false }],
  [{ net: ['*.a.example', 'b.example'] }, { net: ['x.a.example:443', 'c.example'] }, { net: ['x.a.example:443'], env: [], read: [], write: [], hrtime: false }],
  [{ net: ['*.a.example:443'] }, { net: ['x.a.example'] }, { net: ['x.a.example:443'], env: [], read: [], write: [], hrtime: false }],
  [{ net: ['*:*'] }, { net: ['*.a.example'] }, { net: ['*.a.example'], env: [], read: [], write: [], hrtime: false }],
  [{ net: ['*.a.example', '*.b.a.example'] }, { net: ['x.b.a.example'] }, { net: ['x.b.a.example'], env: [], read: [], write: [], hrtime: false }],
  [{ net: ['a.example:8443'] }, { net: ['a.example'] }, { net: [], env: [], read: [], write: [], hrtime: false }],
]
for (const [one, other, both] of MEETS) {
  test(`${JSON.stringify(one)} and ${JSON.stringify(other)} both have room for ${JSON.stringify(both)}`, () => {
    assert.deepEqual(meetPermissions(one, other), both)
    assert.deepEqual(meetPermissions(other, one), both)
  })
}

test('two ceilings that meet in more hosts than one may have are a ceiling all the same', () => {
  const one = { net: Array.from({ length: 99 }, (_, i) => `h${i}.example:*`).concat('*.sub.example:*') }
  const other = { net: Array.from({ length: 99 }, (_, i) => `h${i}.sub.example`).concat('*.example') }

  const both = meetPermissions(one, other)

  assert.equal(Permissions.safeParse(both).success, true)
  assert.ok(both !== null && both !== 'none' && Array.isArray(both.net) && both.net.length === 100)
})
