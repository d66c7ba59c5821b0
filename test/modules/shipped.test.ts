import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { DEFAULT_MODULE_SETTINGS } from '../../src/core/module-variables.ts'
import { loadModuleSet } from '../../src/modules/module-set.ts'
import { openGuest } from '../helpers/guest.ts'
import { writePackages } from '../helpers/packages.ts'
import { USES } from './uses.ts'

const folder = writePackages({ after }, {
  rates: {
    manifest: { version: '3.2.1', type: 'module', exports: { '.': './index.js', './table': './table.js' } },
    files: {
      'index.js': 'import { once } from "node:events"\nimport { Buffer } from "buffer"\nimport { table } from "./table.js"\nexport const paths = [], link = 1, module = 2\nexport const rate = (code) => Buffer.from(String(table[code])).toString("base64")\nexport { table, once }',
      'table.js': 'export const table = { EUR: 1 }',
    },
  },
  older: { files: { 'index.js': 'exports.table = require("rates").table\nexports.EventEmitter = require("events")\nexports.self = typeof self' } },
  throwing: { files: { 'index.js': 'throw new RangeError("not today")' } },
})
const settings = { ...DEFAULT_MODULE_SETTINGS, folder, extra: ['mathjs'] }
const guest = await openGuest({ modules: settings })

test('every package that is shipped is used by a test', () => {
  const { shipped: { packages } } = loadModuleSet(settings)

  assert.deepEqual(packages.map(({ name }) => name).filter((name) => !Object.hasOwn(USES, name)), [])
})

for (const [name, { code, result, tools = [] }] of Object.entries(USES)) {
  test(`${name} does its work in a job`, async () => {
    assert.deepEqual(await guest.resultOf(code, { tools }), result)
  })
}

test('names that are promised for CommonJS are there', async () => {
  const { resultOf } = guest

  assert.deepEqual(await resultOf(`
    import * as papa from 'papaparse'
    import * as decimal from 'decimal.js'
    import * as ajv from 'ajv'
    import * as jmespath from 'jmespath'
    import * as cryptoJs from 'crypto-js'
    import * as lodash from 'lodash'
    export default () => [papa, decimal, ajv, jmespath, cryptoJs, lodash].map((all) => Object.entries(all).filter(([, value]) => value === undefined).map(([name]) => name))`), [[], [], [], [], [], []])
})

test('import, import() and require answer one module', async () => {
  assert.deepEqual(await guest.resultOf(`
    import _, { chunk } from 'lodash'
    import * as zod from 'zod'
    import Ajv from 'ajv'
    import { Decimal } from 'decimal.js'
    export default async () => {
      const later = await import('lodash')
      return [
        later.default === _, later.chunk === chunk, require('lodash') === _, require('zod').z === zod.z,
        require('ajv') === Ajv, require('decimal.js') === Decimal, (await import('mathjs')).bignumber(1) instanceof Decimal,
      ]
    }`), [true, true, true, true, true, true, true])
})

test('what packages of the operator share with each other and with modules of Node is there once', async () => {
  assert.deepEqual(await guest.resultOf(`
    import { rate, table } from 'rates'
    import { table as own } from 'rates/table'
    import { table as through, EventEmitter as inner, self } from 'older'
    import EventEmitter from 'node:events'
    export default () => [rate('EUR'), table === own, table === through, EventEmitter === inner, self]`), ['MQ==', true, true, true, 'object'])
})

test('a package that fails when it is loaded fails the job that imports it, with its own error', async () => {
  assert.deepEqual(await guest.failureOf("import 'throwing'; export default () => {}"), { code: 'USER_ERROR', name: 'RangeError', message: 'not today' })
})

test('random numbers want the tool, and the error says so', async () => {
  const message = 'Cannot use crypto.getRandomValues: the job has no crypto; ask for it with "tools": ["crypto"]'

  assert.equal((await guest.failureOf("import { nanoid } from 'nanoid'; export default () => nanoid()")).message, message)
  assert.equal((await guest.failureOf("import { v7 } from 'uuid'; export default () => v7()")).message, message)
  const swallowed = 'Cannot make random numbers: the job has no crypto; ask for it with "tools": ["crypto"]'
  assert.equal((await guest.failureOf("import { AES } from 'crypto-js'; export default () => AES.encrypt('a', 'b')")).message, swallowed)
  assert.equal((await guest.failureOf("import { hashSync } from 'bcryptjs'; export default () => hashSync('a', 4)")).message, swallowed)
})

test('packages turn no text into code for those who use them', async () => {
  assert.deepEqual(await guest.failureOf("import _ from 'lodash'; export default () => _.template('<%= 1 %>')()"), {
    code: 'USER_ERROR', name: 'EvalError', message: 'Cannot make code from a string: Function is not available',
  })
})

test('what code does to the language before it imports a package stays in its own run', async () => {
  const spoil = 'Array.prototype.map = () => { throw new Error("spoilt") }; Object.prototype.get = () => 1; Function.prototype.call = () => {}'

  await guest.run(`${spoil}; export default async () => [await import('zod'), await import('ajv'), await import('lodash')].length`)

  const { code, result } = USES['zod'] ?? assert.fail()
  assert.deepEqual(await guest.resultOf(code), result)
})

test('only packages that are shipped or the operator\'s can be imported', async () => {
  const { code, message } = await guest.failureOf("import 'left-pad'; export default () => {}")

  assert.equal(code, 'MODULE_NOT_ALLOWED')
  assert.match(message, /left-pad/)
})
