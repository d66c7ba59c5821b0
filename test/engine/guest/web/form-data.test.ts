import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openGuest } from '../../../helpers/guest.ts'

const { resultOf } = await openGuest()
const inside = (body: string): Promise<unknown> => resultOf(`
  const nameOf = async (attempt) => { try { await attempt(); return 'no error' } catch (error) { return error?.name ?? error } }
  const list = async (form) => { const all = []; for (const [name, value] of form) all.push(typeof value === 'string' ? [name, value] : [name, value.name, value.type, await value.text()]); return all }
  const parse = (body, type = 'multipart/form-data; boundary=b') => new Response(body.replaceAll('\\n', '\\r\\n'), { headers: { 'content-type': type } }).formData()
  export default async () => { ${body} }`)

test('entries are added, replaced, removed and found by name', async () => {
  const seen = await inside(`
    const form = new FormData()
    form.append('a', 1); form.append('b', 'x'); form.append('a', '\\ud800'); form.append('c', {}); form.append('', '')
    const first = [form.get('a'), form.getAll('a'), form.get('x'), form.getAll('x'), form.has('c'), form.has('x')]
    form.set('a', 'new'); form.set('d', 'end'); form.delete('c'); form.delete('x')
    return [first, await list(form), [...form.keys()], [...form.values()], form[Symbol.iterator] === form.entries, Object.prototype.toString.call(form.keys())]`)

  assert.deepEqual(seen, [
    ['1', ['1', '\ufffd'], null, [], true, false], [['a', 'new'], ['b', 'x'], ['', ''], ['d', 'end']], ['a', 'b', '', 'd'], ['new', 'x', '', 'end'], true, '[object FormData Iterator]',
  ])
})

test('a blob becomes a file, and takes the name that it is given', async () => {
  const seen = await inside(`
    const form = new FormData(), file = new File(['f'], 'own', { type: 'x/y', lastModified: 7 })
    form.append('a', new Blob(['b'], { type: 'A/B' })); form.append('b', new Blob([]), 'named'); form.append('c', file); form.append('d', file, 'other'); form.append('e', file, undefined)
    const [a, b, c, d, e] = [...form.values()]
    return [await list(form), a instanceof File, c === file, d === file, d.lastModified, e === file]`)

  assert.deepEqual(seen, [[['a', 'blob', 'a/b', 'b'], ['b', 'named', '', ''], ['c', 'own', 'x/y', 'f'], ['d', 'other', 'x/y', 'f'], ['e', 'own', 'x/y', 'f']], true, true, false, 7, true])
})

test('what a form cannot take is a TypeError', async () => {
  const bad = [
    'FormData()', 'new FormData(null)', 'new FormData({})', 'new FormData().append("a")', 'new FormData().append("a", "b", "c")', 'new FormData().set("a", {}, "c")', 'new FormData().append("a", Symbol())', 'new FormData().get()',
    'FormData.prototype.get.call({}, "a")', 'new FormData().forEach(1)', 'FormData.prototype.entries.call(new Map())', 'new FormData().append("a", new Blob(), Symbol())',
  ]

  assert.deepEqual(await inside(`return await Promise.all([${bad.map((code) => `() => ${code}`).join()}].map(nameOf))`), bad.map(() => 'TypeError'))
})

test('an iteration goes on over a form that changes', async () => {
  const seen = await inside(`
    const form = new FormData(), seen = [], each = []
    form.append('a', '1'); form.append('b', '2')
    for (const [name] of form) { seen.push(name); if (name === 'a') form.append('c', '3'); if (name === 'b') form.delete('a') }
    form.forEach(function (value, name, all) { each.push(value, name, all === form, this.own) }, { own: 1 })
    return [seen, each]`)

  assert.deepEqual(seen, [['a', 'b'], ['2', 'b', true, 1, '3', 'c', true, 1]])
})

test('a form is sent as the standard says, and read back as it was', async () => {
  const seen = await inside(`
    const form = new FormData()
    form.append('a"\\r\\n', 'one\\ntwo\\rthree\\r\\n'); form.append('ü', 'ü'); form.append('f', new File([new Uint8Array([0, 13, 10, 255, 45, 45])], 'n"\\n\\\\ü', { type: 'a/b' })); form.append('g', new Blob(['x']))
    const response = new Response(form), type = response.headers.get('content-type'), text = await response.clone().text()
    const boundary = type.slice('multipart/form-data; boundary='.length)
    const back = await response.formData()
    const other = new Response(form).headers.get('content-type')
    return [text.slice(0, 700).replaceAll(boundary, 'B').split('\\r\\n').slice(0, 15), /^[-0-9A-Za-z]{20,70}$/.test(boundary), other === type, [...back.keys()], back.getAll('ü'), back.get('a"\\r\\n'), [...await back.get('f').bytes()], back.get('f').name, back.get('g').type]`)

  assert.deepEqual(seen, [
    [
      '--B', 'Content-Disposition: form-data; name="a%22%0D%0A"', '', 'one', 'two', 'three', '', '--B', 'Content-Disposition: form-data; name="ü"', '', 'ü',
      '--B', 'Content-Disposition: form-data; name="f"; filename="n%22%0A\\ü"', 'Content-Type: a/b', '',
    ],
    true, false, ['a"\r\n', 'ü', 'f', 'g'], ['ü'], 'one\r\ntwo\r\nthree\r\n', [0, 13, 10, 255, 45, 45], 'n"\n\\ü', 'application/octet-stream',
  ])
})

test('a multipart body of others is read', async () => {
  const seen = await inside(`
    const part = (headers, body) => '--b\\n' + headers + '\\n\\n' + body + '\\n'
    const bodies = [
      '--b--', '\\n--b--\\n', part('Content-Disposition: form-data; name=a', '1') + '--b--epilogue', part('content-disposition:form-data;name="a";filename="f"', 'x') + '--b--',
      part('Content-Type: TEXT/html;charset=x\\nX-Other: 1\\nContent-Disposition: form-data; filename=f; name="a b"', 'x') + '--b--', part('Content-Disposition: form-data; name="a; filename=evil"', '1') + '--b--',
      part('Content-Disposition: form-data; name="a"; filename=""', '') + '--b--', part('Content-Disposition: form-data; name="a"', 'x--b --b-- --bx') + '--b--', part('Content-Disposition: form-data; name="\\u00ef\\u00bb\\u00bf"', '') + '--b--',
    ]
    const injected = (await parse(part('Content-Disposition: form-data; name=a; filename=f\\nContent-Type: a/b\\rX-Own: 1', 'x') + '--b--')).get('a')?.type
    return [injected, await Promise.all(bodies.map((body) => parse(body).then(list))), await parse('--B x\\n\\n--B x--', 'multipart/form-data; boundary="B x"').then(list, (error) => error.name)]`)

  assert.deepEqual(seen, [
    '',
    [
      [], [], [['a', '1']], [['a', 'f', 'text/plain', 'x']], [['a b', 'f', 'text/html;charset=x', 'x']], [['a; filename=evil', '1']], [['a', '', 'text/plain', '']], [['a', 'x--b --b-- --bx']], [['ï»¿', '']],
    ],
    'TypeError',
  ])
})

test('a body that is not what its type says is a TypeError', async () => {
  const seen = await inside(`
    const bodies = ['', '--', '--b', '--b\\n', '--b\\n\\n', '--b\\nContent-Disposition: form-data; name=a\\n\\nx', '--b\\nContent-Disposition: form-data; name=a\\n\\nx\\n--c--', '--b\\n\\n\\nx\\n--b--', '--b\\nContent-Disposition: form-data\\n\\nx\\n--b--',
      '--b\\nContent-Disposition: attachment; name=a\\n\\nx\\n--b--', '--b\\nnothing\\n\\nx\\n--b--', 'x--b--', '--bContent-Disposition: form-data; name=a\\n\\nx\\n--b--']
    const types = ['multipart/form-data', 'multipart/form-data; boundary=""', 'multipart/form-data; boundary=' + 'b'.repeat(71), 'text/plain', '', 'multipart/mixed; boundary=b']
    return [await Promise.all(bodies.map((body) => nameOf(() => parse(body)))), await Promise.all(types.map((type) => nameOf(() => parse('--b--', type)))), await nameOf(() => new Response('x').formData())]`)

  assert.deepEqual(seen, [Array(13).fill('TypeError'), Array(6).fill('TypeError'), 'TypeError'])
})

test('a form in a URL\'s encoding is read', async () => {
  const type = 'application/x-www-form-urlencoded;charset=utf-8'
  const seen = await inside(`return await Promise.all(['', 'a=1&b=2&a=3', 'a', '=', '&&', 'a+b=%20+%2B', '%C3%BC=%', 'x=%zz%4', '%ef%bb%bfa=\\u00fc', 'a=b=c'].map((body) => parse(body, '${type}').then(list)))`)

  assert.deepEqual(seen, [
    [], [['a', '1'], ['b', '2'], ['a', '3']], [['a', '']], [['', '']], [], [['a b', '  +']], [['ü', '%']], [['x', '%zz%4']], [['\ufeffa', 'ü']], [['a', 'b=c']],
  ])
})

test('bodies that are made to be dear cost no more than their bytes', async () => {
  const seen = await inside(`
    const head = 'Content-Disposition: form-data; name=a'
    const many = ('--b\\n' + head + '\\n\\n\\n').repeat(10_001) + '--b--'
    const almost = '--' + 'b'.repeat(70) + '\\n' + head + '\\n\\n' + ('\\n--' + 'b'.repeat(69)).repeat(20_000)
    const bombs = [
      nameOf(() => parse(many)), nameOf(() => parse(almost, 'multipart/form-data; boundary=' + 'b'.repeat(70))), nameOf(() => parse('--b\\n' + 'X: y\\n'.repeat(5000) + head + '\\n\\nx\\n--b--')),
      nameOf(() => parse('--b\\nContent-Disposition: form-data' + '; x='.repeat(4000) + '\\n\\nx\\n--b--')), nameOf(() => parse('&a=b'.repeat(10_001), 'application/x-www-form-urlencoded')), nameOf(() => parse('%'.repeat(200_000), 'application/x-www-form-urlencoded')),
      nameOf(() => new Response('', { headers: { 'content-type': 'a/b' + ';'.repeat(100_000) + '"\\\\'.repeat(100_000) } }).blob()),
    ]
    return await Promise.all(bombs)`)

  assert.deepEqual(seen, ['TypeError', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'no error', 'no error'])
})
