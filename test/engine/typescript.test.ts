import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startEngine } from '../helpers/engine.ts'

const { resultOf, failureOf } = await startEngine({ lanes: 1, spares: 0 })

test('TypeScript works whole: enums, namespaces, parameter properties, decorators, accessors, satisfies and using', async () => {
  const code = `
    import { type Unused, Shape } from './shape.ts'
    enum Level { low = 1, high = low << 1, text = 'x' }
    const enum Fixed { a = 7 }
    namespace Outer { export namespace Inner { export const deep = Level.high } }
    const seen: string[] = []
    const log = (value: unknown, { kind, name }: { kind: string, name: string | symbol }) => { seen.push(kind + ' ' + String(name)); return value as any }
    @log class Point {
      @log accessor z = 3
      constructor (readonly x: number, private y: number = 2) {}
      @log sum (): number { return this.x + this.y! + (this.z satisfies number) }
    }
    export default async function <T> (input: T) {
      { using handle = { [Symbol.dispose] () { seen.push('disposed') } } }
      { await using handle = { async [Symbol.asyncDispose] () { seen.push('disposed later') } } }
      return [Level[2], Level.text, Fixed.a, Outer.Inner.deep, new Point(1).sum(), seen, new Shape<string>('s').name, <T>input]
    }`
  const sources = { 'shape.ts': 'export interface Unused { a: 1 }\nexport abstract class Base { abstract name: string }\nexport class Shape<T> extends Base { constructor (override readonly name: string) { super() } }' }

  const result = await resultOf(code, { sources, input: 'in' })

  const [level, text, fixed, deep, sum, seen, name, input] = result as [string, string, number, number, number, string[], string, string]
  assert.deepEqual([level, text, fixed, deep, sum, name, input], ['high', 'x', 7, 2, 6, 's', 'in'])
  assert.deepEqual(seen.toSorted(), ['accessor z', 'class Point', 'disposed', 'disposed later', 'method sum'])
})

test('JSX is a syntax error that says so, in code and in files', async () => {
  const inCode = await failureOf('export default () => <div className="a">text</div>')
  const inFile = await failureOf('import "./a.js"; export default 1', { sources: { 'a.js': '\nexport const a = <div/>' } })

  assert.match(inCode.message, /^JSX is not read here: .* \(job\.js:1:\d+\)$/)
  assert.match(inFile.message, /^JSX is not read here: .* \(a\.js:2:\d+\)$/)
  assert.deepEqual([inCode.code, inFile.code], ['SYNTAX_ERROR', 'SYNTAX_ERROR'])
})
