import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_MODULE_SETTINGS } from '../../src/core/module-variables.ts'
import { loadModuleSet } from '../../src/modules/module-set.ts'
import { openGuest } from '../helpers/guest.ts'

// Packages as blocks of code use them: in sloppy function bodies, by require.
const guest = await openGuest()
const body = (code: string) => guest.resultOf(code, { form: 'body', tools: ['crypto'] })

test('every module that is shipped can be required', async () => {
  const { shipped: { packages } } = loadModuleSet(DEFAULT_MODULE_SETTINGS)
  const specifiers = packages.flatMap(({ entries }) => entries.map(({ specifier }) => specifier))

  assert.deepEqual(await guest.resultOf(`return input.filter((name) => require(name) !== require(name) || !['object', 'function'].includes(typeof require(name)))`, { form: 'body', tools: ['crypto'], input: specifiers, limits: { memoryMb: 256 } }), [])
})

test('a block reads a feed, reckons and writes a table', async () => {
  assert.deepEqual(await body(`
    const _ = require('lodash')
    const moment = require('moment')
    const { XMLParser } = require('fast-xml-parser')
    const XLSX = require('xlsx')
    const { format } = require('date-fns')
    orders = new XMLParser({ ignoreAttributes: false }).parse('<o><i id="a" at="2024-02-28">2</i><i id="b" at="2024-03-01">3</i></o>').o.i
    const rows = _.map(orders, (order) => ({ id: order['@_id'], due: moment.utc(order['@_at']).add(1, 'day').format('YYYY-MM-DD'), total: order['#text'] * 10 }))
    const book = XLSX.utils.book_new()
    XLSX.utils.book_append_sheet(book, XLSX.utils.json_to_sheet(rows), format(new Date(2024, 0, 1), 'MMM'))
    const file = XLSX.write(book, { type: 'buffer', bookType: 'xlsx' })
    return [Buffer.isBuffer(file), XLSX.utils.sheet_to_json(XLSX.read(file).Sheets.Jan), _.sumBy(rows, 'total')]`),
  [true, [{ id: 'a', due: '2024-02-29', total: 20 }, { id: 'b', due: '2024-03-02', total: 30 }], 50])
})

test('a block checks its input and signs an answer', async () => {
  assert.deepEqual(await body(`
    const Ajv = require('ajv')
    const CryptoJS = require('crypto-js')
    const qs = require('qs')
    const dayjs = require('dayjs')
    dayjs.extend(require('dayjs/plugin/utc'))
    const { v4, validate } = require('uuid')
    const { nanoid } = require('nanoid')
    const check = new Ajv().compile({ type: 'object', required: ['a'] })
    const query = qs.stringify({ a: { b: 1 }, at: dayjs.utc(0).format('YYYY') }, { encode: false })
    return [check({}), check({ a: 1 }), query, CryptoJS.HmacSHA256(query, 'key').toString() === require('crypto').createHmac('sha256', 'key').update(query).digest('hex'), validate(v4()), nanoid(10).length]`),
  [false, true, 'a[b]=1&at=1970', true, true, 10])
})

test('a block that asks for something over the network is told why it cannot', async () => {
  assert.deepEqual(await body(`
    const axios = require('axios')
    try { await axios.post('https://api.example.com/', { a: 1 }) } catch (error) { return [axios.isAxiosError(error), error.code, error.message] }`),
  [true, 'PERMISSION_DENIED', 'Cannot request "https://api.example.com/": there is no fetch; a job asks for it with "tools": ["fetch"], "permissions": { "net": ["the host"] }'])
})
