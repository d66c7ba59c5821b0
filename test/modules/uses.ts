import { POPULAR_USES } from './popular-uses.ts'

/** A job that uses a package, and what it answers. */
export interface Use {
  code: string
  result: unknown
  tools?: string[]
}

/** Jobs that use a package for what people use it for. */
export const USES: Readonly<Record<string, Use>> = {
  ...POPULAR_USES,
  'ajv': {
    code: `
      import Ajv, { Ajv as Named } from 'ajv'
      import Ajv2020 from 'ajv/dist/2020'
      export default () => {
        const validate = new Ajv({ allErrors: true }).compile({ type: 'object', properties: { age: { type: 'integer', minimum: 0 } }, required: ['name'] })
        const newer = new Ajv2020().compile({ prefixItems: [{ type: 'string' }], items: false })
        return [validate({ name: 'a', age: 1 }), validate({ age: -1 }), validate.errors.map(({ keyword }) => keyword), newer(['a']), newer(['a', 1]), Ajv === Named]
      }`,
    result: [true, false, ['required', 'minimum'], true, false, true],
  },
  'ajv-formats': {
    code: `
      import Ajv from 'ajv'
      import addFormats from 'ajv-formats'
      export default () => {
        const validate = addFormats(new Ajv()).compile({ type: 'string', format: 'email' })
        return [validate('a@example.com'), validate('nobody')]
      }`,
    result: [true, false],
  },
  'csv-parse': {
    code: `
      import { parse as parseSync, CsvError } from 'csv-parse/sync'
      import { parse, CsvError as same } from 'csv-parse'
      export default async () => {
        const parser = parse({ columns: true })
        parser.end('a,b\\n1,2')
        const streamed = []
        for await (const record of parser) streamed.push(record)
        const called = await new Promise((resolve, reject) => parse('1;2', { delimiter: ';' }, (error, records) => error ? reject(error) : resolve(records)))
        return [parseSync('a,b\\n1,"x, y"\\n2,\\u00e9', { columns: true, cast: true }), streamed, called, CsvError === same]
      }`,
    result: [[{ a: 1, b: 'x, y' }, { a: 2, b: 'é' }], [{ a: '1', b: '2' }], [['1', '2']], true],
  },
  'csv-stringify': {
    code: `
      import { stringify as stringifySync } from 'csv-stringify/sync'
      import { stringify } from 'csv-stringify'
      export default async () => [
        stringifySync([{ a: 1, b: 'x, y' }], { header: true }),
        await new Promise((resolve, reject) => stringify([[1, 2]], (error, text) => error ? reject(error) : resolve(text))),
      ]`,
    result: ['a,b\n1,"x, y"\n', '1,2\n'],
  },
  'date-fns': {
    code: `
      import { addMonths, format, formatDistance } from 'date-fns'
      import { addDays } from 'date-fns/fp'
      import { de } from 'date-fns/locale'
      import { millisecondsInDay } from 'date-fns/constants'
      export default () => {
        const day = new Date(2024, 0, 31)
        return [format(addMonths(day, 1), 'yyyy-MM-dd'), format(addDays(1)(day), 'd. MMMM', { locale: de }), formatDistance(day, new Date(2024, 0, 1), { addSuffix: true }), millisecondsInDay]
      }`,
    result: ['2024-02-29', '1. Februar', 'in about 1 month', 86_400_000],
  },
  'dayjs': {
    code: `
      import dayjs, { isDayjs, extend } from 'dayjs'
      import utc from 'dayjs/plugin/utc'
      import relativeTime from 'dayjs/plugin/relativeTime'
      import 'dayjs/locale/de'
      extend(utc)
      dayjs.extend(relativeTime)
      export default () => {
        const day = dayjs.utc('2024-02-29T12:00:00Z')
        return [day.add(1, 'year').format('YYYY-MM-DD'), day.locale('de').format('dddd, D. MMMM'), day.from(day.subtract(3, 'day')), isDayjs(day)]
      }`,
    result: ['2025-02-28', 'Donnerstag, 29. Februar', 'in 3 days', true],
  },
  'decimal.js': {
    code: `
      import Decimal, { Decimal as Named } from 'decimal.js'
      export default () => [new Decimal('0.1').plus('0.2').toString(), Decimal.sqrt(2).toFixed(15), Decimal === Named]`,
    result: ['0.3', '1.414213562373095', true],
  },
  'es-toolkit': {
    code: `
      import { chunk, groupBy, debounce } from 'es-toolkit'
      import _, { get } from 'es-toolkit/compat'
      export default () => [chunk([1, 2, 3], 2), groupBy(['a', 'bb', 'c'], (text) => text.length), typeof debounce(() => {}, 1), get({ a: [{ b: 1 }] }, 'a[0].b'), _.get === get]`,
    result: [[[1, 2], [3]], { 1: ['a', 'c'], 2: ['bb'] }, 'function', 1, true],
  },
  'drizzle-orm': {
    code: `
      import { eq, sql } from 'drizzle-orm'
      import { integer, PgDialect, pgTable, text } from 'drizzle-orm/pg-core'
      import { drizzle } from 'drizzle-orm/pg-proxy'
      export default async () => {
        const users = pgTable('users', { id: integer().primaryKey(), name: text().notNull() })
        const asked = []
        const db = drizzle(async (text, params, method) => {
          asked.push([text, params, method])
          return { rows: [[1, 'a']] }
        })
        return [await db.select().from(users).where(eq(users.id, 1)), asked, new PgDialect().sqlToQuery(sql\`a = \${1}\`).sql]
      }`,
    result: [[{ id: 1, name: 'a' }], [['select "id", "name" from "users" where "users"."id" = $1', [1], 'all']], 'a = $1'],
  },
  'fast-xml-parser': {
    code: `
      import { XMLParser, XMLBuilder, XMLValidator } from 'fast-xml-parser'
      export default () => {
        const read = new XMLParser({ ignoreAttributes: false }).parse('<list><item id="1">a &amp; b</item><item id="2"/></list>')
        return [read, new XMLBuilder({ ignoreAttributes: false }).build({ a: { '@_b': '1', '#text': 'c' } }), XMLValidator.validate('<a>') === true]
      }`,
    result: [{ list: { item: [{ '#text': 'a & b', '@_id': '1' }, { '@_id': '2' }] } }, '<a b="1">c</a>', false],
  },
  'jmespath': {
    code: `
      import jmespath, { search } from 'jmespath'
      export default (input) => [search({ people: [{ name: 'a', age: 20 }, { name: 'b', age: 30 }] }, 'people[?age > \`25\`].name'), jmespath.search === search]`,
    result: [['b'], true],
  },
  'jsonata': {
    code: `
      import jsonata from 'jsonata'
      export default () => jsonata('$sum(items.(price * count)) ~> $round(1)').evaluate({ items: [{ price: 1.5, count: 2 }, { price: 0.26, count: 1 }] })`,
    result: 3.3,
  },
  'lodash': {
    code: `
      import _, { sortBy } from 'lodash'
      export default () => [_([3, 1, 2]).sortBy().map((n) => n * 2).value(), sortBy(['b', 'a']), _.merge({ a: { b: 1 } }, { a: { c: 2 } }), require('lodash') === _]`,
    result: [[2, 4, 6], ['a', 'b'], { a: { b: 1, c: 2 } }, true],
  },
  'lodash-es': {
    code: `
      import { cloneDeep, debounce, groupBy } from 'lodash-es'
      export default async () => {
        const calls = []
        const call = debounce((n) => calls.push(n), 1)
        call(1)
        call(2)
        await new Promise((resolve) => setTimeout(resolve, 20))
        return [calls, cloneDeep(new Map([[1, { a: 1 }]])).get(1), groupBy([1.2, 1.7, 2.1], Math.floor)]
      }`,
    result: [[2], { a: 1 }, { 1: [1.2, 1.7], 2: [2.1] }],
  },
  'mathjs': {
    code: `
      import { evaluate, chain, unit, bignumber } from 'mathjs'
      import Decimal from 'decimal.js'
      export default () => [evaluate('sqrt(3^2 + 4^2)'), chain(3).add(4).multiply(2).done(), unit(5, 'cm').to('inch').toNumber('inch').toFixed(3), evaluate('det([1, 2; 3, 4])'), bignumber(1).plus('2').toString()]`,
    result: [5, 14, '1.969', -2, '3'],
  },
  'mustache': {
    code: `
      import Mustache from 'mustache'
      export default () => Mustache.render('{{#items}}<{{name}}>{{/items}}{{^none}}!{{/none}}', { items: [{ name: 'a' }, { name: '&' }] })`,
    result: '<a><&amp;>!',
  },
  'nanoid': {
    code: `
      import { nanoid, customAlphabet } from 'nanoid'
      export default () => [nanoid().length, nanoid() === nanoid(), /^[ab]{5}$/.test(customAlphabet('ab', 5)())]`,
    result: [21, false, true],
    tools: ['crypto'],
  },
  'papaparse': {
    code: `
      import Papa, { unparse } from 'papaparse'
      export default () => [Papa.parse('a;b\\n1;2', { header: true, dynamicTyping: true }).data, unparse([['x', 'y, z']])]`,
    result: [[{ a: 1, b: 2 }], 'x,"y, z"'],
  },
  'uuid': {
    code: `
      import { v4, v5, v7, validate, version } from 'uuid'
      export default () => [validate(v4()), version(v4()), version(v7()), v5('www.example.com', v5.DNS)]`,
    result: [true, 4, 7, '2ed6657d-e927-568b-95e1-2665a8aea6a2'],
    tools: ['crypto'],
  },
  'xlsx': {
    code: `
      import { utils, write, read } from 'xlsx'
      export default () => {
        const book = utils.book_new()
        utils.book_append_sheet(book, utils.json_to_sheet([{ a: 1, b: 'x' }, { a: 2, b: 'é' }]), 'Sheet')
        const bytes = write(book, { type: 'array', bookType: 'xlsx' })
        return utils.sheet_to_json(read(bytes, { type: 'array' }).Sheets.Sheet)
      }`,
    result: [{ a: 1, b: 'x' }, { a: 2, b: 'é' }],
  },
  'yaml': {
    code: `
      import YAML, { parse, stringify } from 'yaml'
      export default () => [parse('a: &x [1, two]\\nb: *x\\nc: |\\n  text\\n'), stringify({ list: [1, { a: null }] }), YAML.parse === parse]`,
    result: [{ a: [1, 'two'], b: [1, 'two'], c: 'text\n' }, 'list:\n  - 1\n  - a: null\n', true],
  },
  'zod': {
    code: `
      import z, { string } from 'zod'
      import * as mini from 'zod/mini'
      import { de } from 'zod/locales'
      import { $ZodType } from 'zod/v4/core'
      export default async () => {
        const schema = z.object({ name: string().min(1), age: z.coerce.number().int().optional() })
        const { error } = schema.safeParse({ name: '' })
        z.config(de())
        const german = schema.safeParse({}).error.issues[0].message
        return [schema.parse({ name: 'a', age: '3' }), error.issues.map(({ code, path }) => [code, path]), german, mini.parse(mini.array(mini.number()), [1]), mini.string() instanceof $ZodType, schema instanceof $ZodType, z.toJSONSchema(schema).required]
      }`,
    result: [{ name: 'a', age: 3 }, [['too_small', ['name']]], 'Ungültige Eingabe: erwartet string, erhalten undefined', [1], true, true, ['name']],
  },
}
