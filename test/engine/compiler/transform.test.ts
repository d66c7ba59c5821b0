import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { stop } from 'esbuild'
import { transformCode } from '../../../src/engine/compiler/transform.ts'

after(() => stop())

async function compileTypeScript (source: string): Promise<{ code: string, map: string }> {
  const answer = await transformCode(source)
  assert.equal(answer.type, 'compiled', JSON.stringify(answer))
  return answer
}

async function failOn (source: string) {
  const answer = await transformCode(source)
  assert.equal(answer.type, 'invalid', JSON.stringify(answer))
  return answer
}

const run = async (code: string): Promise<unknown> => {
  const module = await import(`data:text/javascript,${encodeURIComponent(code)}`) as { default (): unknown } // the sources below export one
  return module.default()
}

test('what parses as JavaScript is left as it stands', async () => {
  const sources = [
    'export default () => 1', '', 'await 1', 'export const a = 1, b = a < 2, c = (3 > a)', 'const at = "a@b"; export { at }', '#!/usr/bin/env node\n1',
    'let unused = 1; if (false) { foo() }', 'import x from "y"; import { z } from "w"; export default () => x<z>(1) === "never" ? 0 : 1'.replace('x<z>(1)', 'x'),
    'let s = "\0"', 'let s = "\ud800"', 'for (let i = 0; i < 3; i++) [1].map((x) => x > (i))',
  ]

  for (const source of sources) assert.deepEqual(await transformCode(source), { type: 'verbatim', file: 'job.js' }, source)
})

test('TypeScript becomes JavaScript that does the same', async () => {
  const cases: [source: string, result: unknown][] = [
    ['enum A { one = 1, two }\nexport default (): number => A.two', 2],
    ['const enum A { one = 7 }\nexport default () => A.one', 7],
    ['namespace N { export const a = 3 }\nexport default () => N.a', 3],
    ['class A { constructor (public x: number) {} }\nexport default () => new A(4).x', 4],
    ['abstract class A { abstract f (): number }\nclass B extends A { f () { return 5 } }\nexport default () => new B().f()', 5],
    ['export default <T,>(x: T = 6 as T) => x satisfies T', 6],
    ['type Q = { a: number }\nimport type { R } from "none"\nexport default () => 8', 8],
    ['import { OnlyAType } from "none"\nexport default (a?: OnlyAType) => 9', 9],
  ]

  for (const [source, result] of cases) assert.equal(await run((await compileTypeScript(source)).code), result, source)
})

test('type arguments of a call are seen in a source that is JavaScript too', async () => {
  const { code } = await compileTypeScript('export default () => new Set<string>(["a"]).size')

  assert.equal(await run(code), 1)
})

test('decorators and accessors run, though V8 has none', async () => {
  const { code } = await compileTypeScript('const tag = (value, { kind }) => { kinds.push(kind) }\nconst kinds = []\n@tag class A { @tag accessor x = 1 }\nexport default () => kinds.join()')

  assert.equal(await run(code), 'accessor,class')
})

test('an error has its place as V8 counts, by the loader that got further', async () => {
  const javascript = await failOn('export default () => {\n  let a = ;\n}')
  const typescript = await failOn('let x: number = 1;\nfunction f( {')
  const unicode = await failOn('let é = "ü日本😀" let')

  assert.deepEqual(javascript, { type: 'invalid', file: 'job.js', message: 'Unexpected ";"', line: 2, column: 11, excerpt: '  let a = ;' })
  assert.deepEqual([typescript.file, typescript.line, typescript.column], ['job.ts', 2, 14])
  assert.deepEqual([unicode.line, unicode.column], [1, 'let é = "ü日本😀" '.length + 1])
})

test('JSX is not offered', async () => {
  await failOn('export default () => <div/>')
})

test('messages and excerpts are bounded', async () => {
  const long = await failOn(`let a = 1 ${'x'.repeat(50_000)}`)

  assert.ok(long.message.length <= 500)
  assert.equal(long.excerpt, null)
})

test('a map in a comment of the source moves no position out of it', async () => {
  const evil = Buffer.from(JSON.stringify({ version: 3, sources: ['/etc/passwd'], names: [], mappings: 'AAAA,IAAI,IAAS;' })).toString('base64')
  const urls = [`data:application/json;base64,${evil}`, '/etc/passwd', 'file:///etc/passwd', 'job.ts']

  for (const url of urls) {
    for (const comment of [`//# sourceMappingURL=${url}`, `//@ sourceMappingURL=${url}`, `/*# sourceMappingURL=${url} */`]) {
      const { code, map } = await compileTypeScript(`let x: number = 1\n${comment}\nexport default () => '//# sourceMappingURL=kept'`)

      assert.deepEqual((JSON.parse(map) as { sources: unknown }).sources, ['job.ts'])
      assert.doesNotMatch(map, /passwd/)
      assert.equal(await run(code), '//# sourceMappingURL=kept')
    }
  }
})
