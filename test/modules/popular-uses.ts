import type { Use } from './uses.ts'

/** Packages that people paste into code blocks, by `require` and by import, for what they use them for. */
export const POPULAR_USES: Readonly<Record<string, Use>> = {
  'async': {
    code: `
      import async, { mapLimit } from 'async'
      export default async () => [
        await mapLimit([1, 2, 3], 2, async (n) => n * 2),
        await new Promise((resolve, reject) => async.waterfall([(done) => done(null, 1), (n, done) => setTimeout(done, 1, null, n + 1)], (error, n) => error ? reject(error) : resolve(n))),
        await new Promise((resolve) => async.queue((task, done) => done(null, task + 1), 1).push(1, (error, n) => resolve(n))),
        typeof require('async').series,
      ]`,
    result: [[2, 4, 6], 2, 2, 'function'],
  },
  'axios': {
    code: `
      import axios, { AxiosHeaders, isAxiosError } from 'axios'
      export default async () => {
        const answered = await axios.create({ baseURL: 'https://example.test/', params: { a: [1, 2] } }).get('/x', {
          adapter: async (config) => ({ data: '{"got":true}', status: 200, statusText: 'OK', headers: new AxiosHeaders({ a: 'b' }), config, request: {} }),
        })
        const failure = await axios.get('https://example.test/').catch((error) => error)
        return [answered.data, axios.getUri({ url: 'https://example.test/x', params: { q: 'a b', list: [1, 2] } }), isAxiosError(failure), require('axios') === axios, axios.default === axios]
      }`,
    result: [{ got: true }, 'https://example.test/x?q=a+b&list%5B%5D=1&list%5B%5D=2', true, true, true],
  },
  'bcryptjs': {
    code: `
      import bcrypt, { compareSync } from 'bcryptjs'
      export default async () => {
        const hashed = await bcrypt.hash('secret', 4)
        const { hashSync } = require('bcryptjs')
        return [await bcrypt.compare('secret', hashed), compareSync('other', hashed), hashSync('', '$2a$06$DCq7YPn5Rq63x1Lad4cll.'), bcrypt.getRounds(hashed)]
      }`,
    result: [true, false, '$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.', 4],
    tools: ['crypto'],
  },
  'big.js': {
    code: `
      import Big from 'big.js'
      export default () => [new Big('0.1').plus('0.2').toString(), Big(1).div(3).toFixed(5), require('big.js')('2').sqrt().round(3).toString()]`,
    result: ['0.3', '0.33333', '1.414'],
  },
  'bignumber.js': {
    code: `
      import BigNumber from 'bignumber.js'
      export default () => [new BigNumber('123456789012345678901234567890').times(2).toFixed(), BigNumber(1234567.891).toFormat(2), new (require('bignumber.js'))('ff', 16).toNumber()]`,
    result: ['246913578024691357802469135780', '1,234,567.89', 255],
  },
  'bluebird': {
    code: `
      import Bluebird from 'bluebird'
      export default async () => {
        const read = Bluebird.promisify((a, done) => setTimeout(done, 1, null, a + 1))
        const late = await Bluebird.delay(1000).timeout(1).catch(require('bluebird').TimeoutError, () => 'late')
        return [await Bluebird.map([1, 2, 3], (n) => read(n), { concurrency: 2 }), await Bluebird.props({ a: Bluebird.resolve(1) }), late, await Bluebird.reduce([1, 2], (a, b) => a + b, 0)]
      }`,
    result: [[2, 3, 4], { a: 1 }, 'late', 3],
  },
  'change-case': {
    code: `
      import { camelCase, kebabCase, snakeCase } from 'change-case'
      export default () => [camelCase('first name'), snakeCase('firstName'), kebabCase('First Name'), require('change-case').pascalCase('a-b')]`,
    result: ['firstName', 'first_name', 'first-name', 'AB'],
  },
  'cheerio': {
    code: `
      import * as cheerio from 'cheerio'
      import { load } from 'cheerio/slim'
      export default () => {
        const $ = cheerio.load('<ul id="list"><li class="a">One</li><li>Two &amp; three</li></ul>')
        $('li.a').attr('data-x', '1').text('First')
        return [$('#list li').map((_, item) => $(item).text()).get(), $('li').first().toString(), load('<a><b/></a>', { xml: true })('a').html(), require('cheerio').load('<p>x').html()]
      }`,
    result: [['First', 'Two & three'], '<li class="a" data-x="1">First</li>', '<b/>', '<html><head></head><body><p>x</p></body></html>'],
  },
  'crypto-js': {
    code: `
      import CryptoJS, { SHA256, enc } from 'crypto-js'
      import md5 from 'crypto-js/md5'
      export default () => {
        const hidden = CryptoJS.AES.encrypt('text', 'passphrase').toString()
        const key = enc.Hex.parse('000102030405060708090a0b0c0d0e0f')
        return [
          SHA256('a').toString(), md5('a').toString(), CryptoJS.HmacSHA256('a', 'key').toString(enc.Base64), CryptoJS.AES.decrypt(hidden, 'passphrase').toString(enc.Utf8),
          CryptoJS.AES.encrypt('text', key, { iv: key, mode: CryptoJS.mode.CBC }).ciphertext.toString(), require('crypto-js/enc-hex') === CryptoJS.enc.Hex, require('crypto-js/sha256') === SHA256,
        ]
      }`,
    result: [
      'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb', '0cc175b9c0f1b6a831c399e269772661', 'eAw9tM495bnlWBb7qY9ZBjHZbAdScbJpdiONX0REIZs=', 'text',
      '656eecb9170e36efe596ff5e253b3290', true, true,
    ],
    tools: ['crypto'],
  },
  'form-data': {
    code: `
      import FormData from 'form-data'
      export default async () => {
        const form = new FormData()
        form.setBoundary('edge')
        form.append('name', 'value')
        form.append('file', Buffer.from('a,b'), { filename: 'table.csv' })
        const [whole, length] = [form.getBuffer().toString(), form.getLengthSync()]
        let streamed = ''
        for await (const chunk of form.pipe(new (require('stream').PassThrough)())) streamed += chunk
        const submitted = (() => { try { require('form-data').prototype.submit.call(form, 'http://example.test/') } catch ({ message }) { return message } })()
        return [form.getHeaders(), length === whole.length, streamed === whole, whole.split('\\r\\n'), submitted]
      }`,
    result: [
      { 'content-type': 'multipart/form-data; boundary=edge' }, true, true,
      ['--edge', 'Content-Disposition: form-data; name="name"', '', 'value', '--edge', 'Content-Disposition: form-data; name="file"; filename="table.csv"', 'Content-Type: text/csv', '', 'a,b', '--edge--', ''],
      'Cannot use request of "http": form-data takes it from Node, and jobs do not have that module',
    ],
    tools: ['crypto'],
  },
  'fuse.js': {
    code: `
      import Fuse from 'fuse.js'
      export default () => [new Fuse([{ name: 'Anna' }, { name: 'Bernd' }], { keys: ['name'] }).search('brend').map(({ item }) => item.name), require('fuse.js') === Fuse]`,
    result: [['Bernd'], true],
  },
  'he': {
    code: `
      import { decode, encode } from 'he'
      export default () => [decode('f&ouml;o &#x26; &notin;'), encode('fö&', { useNamedReferences: true }), require('he').escape('<a>')]`,
    result: ['föo & ∉', 'f&ouml;&amp;', '&lt;a&gt;'],
  },
  'html-entities': {
    code: `
      import { decode, encode } from 'html-entities'
      export default () => [decode('&lt;f&uuml;r&gt;'), encode('<ü>', { mode: 'nonAsciiPrintable' }), require('html-entities').encode('"')]`,
    result: ['<für>', '&lt;&uuml;&gt;', '&quot;'],
  },
  'iconv-lite': {
    code: `
      import iconv from 'iconv-lite'
      export default () => [
        iconv.decode(Buffer.from([0x66, 0xfc, 0x72]), 'win1252'), iconv.encode('日本', 'Shift_JIS').toString('hex'), require('iconv-lite').encodingExists('gb18030'), Buffer.isBuffer(iconv.encode('a', 'utf16')),
      ]`,
    result: ['für', '93fa967b', true, true],
  },
  'immer': {
    code: `
      import { produce } from 'immer'
      export default () => {
        const before = { list: [{ done: false }], other: {} }
        const after = produce(before, (draft) => { draft.list[0].done = true })
        return [before.list[0].done, after.list[0].done, before.other === after.other, typeof require('immer').produce]
      }`,
    result: [false, true, true, 'function'],
  },
  'joi': {
    code: `
      import Joi from 'joi'
      export default async () => {
        const schema = Joi.object({ name: Joi.string().min(2).required(), mail: Joi.string().email(), at: Joi.date().iso(), tags: Joi.array().items(Joi.string()).default([]) })
        const { error } = schema.validate({ name: 'a', mail: 'nobody' }, { abortEarly: false })
        return [schema.validate({ name: 'ab', mail: 'a@example.com' }).value, error.details.map(({ message }) => message), await require('joi').number().validateAsync('3')]
      }`,
    result: [{ name: 'ab', mail: 'a@example.com', tags: [] }, ['"name" length must be at least 2 characters long', '"mail" must be a valid email'], 3],
  },
  'js-yaml': {
    code: `
      import { dump, load } from 'js-yaml'
      export default () => [load('a: [1, two]\\nb: |\\n  text\\n'), dump({ list: [1, { a: null }] }), require('js-yaml').load('x: 1')]`,
    result: [{ a: [1, 'two'], b: 'text\n' }, 'list:\n  - 1\n  - a: null\n', { x: 1 }],
  },
  'json5': {
    code: `
      import JSON5 from 'json5'
      export default () => [JSON5.parse("{ a: 'x', /* b */ c: [1, .5,], }"), require('json5').stringify({ a: 1 })]`,
    result: [{ a: 'x', c: [1, 0.5] }, '{a:1}'],
  },
  'jsonwebtoken': {
    code: `
      import jwt from 'jsonwebtoken'
      export default () => {
        const token = jwt.sign({ sub: 'a', iat: 1_700_000_000 }, 'secret')
        const failure = (() => { try { require('jsonwebtoken').verify(token, 'other') } catch (error) { return [error.name, error.message] } })()
        const { publicKey, privateKey } = require('crypto').generateKeyPairSync('ec', { namedCurve: 'P-256' })
        const signed = jwt.sign({ a: 1 }, privateKey.export({ type: 'pkcs8', format: 'pem' }), { algorithm: 'ES256', expiresIn: '1h' })
        return [token, jwt.verify(token, 'secret').sub, jwt.decode(token, { complete: true }).header, failure, jwt.verify(signed, publicKey).a]
      }`,
    result: ['eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiaWF0IjoxNzAwMDAwMDAwfQ.v1P5VDjIlhbU-UwkVlUucZOrN0Pzyy1HQf-WxCb14yY', 'a', { alg: 'HS256', typ: 'JWT' }, ['JsonWebTokenError', 'invalid signature'], 1],
    tools: ['crypto'],
  },
  'luxon': {
    code: `
      import { DateTime, Duration } from 'luxon'
      export default () => {
        const at = DateTime.fromISO('2024-03-31T01:30:00', { zone: 'Europe/Berlin' })
        return [at.plus({ hours: 1 }).toISO(), at.setLocale('de').toFormat('cccc, d. LLLL'), Duration.fromObject({ hours: 1.5 }).toFormat('hh:mm'), require('luxon').Interval.fromISO('2024-01-01/2024-01-03').length('days')]
      }`,
    result: ['2024-03-31T03:30:00.000+02:00', 'Sonntag, 31. März', '01:30', 2],
  },
  'marked': {
    code: `
      import { marked, parse } from 'marked'
      export default () => [parse('# Title\\n\\n* a **b**'), require('marked').parseInline('[x](https://example.test)'), marked.lexer('a')[0].type]`,
    result: ['<h1>Title</h1>\n<ul>\n<li>a <strong>b</strong></li>\n</ul>\n', '<a href="https://example.test">x</a>', 'paragraph'],
  },
  'moment': {
    code: `
      import moment from 'moment'
      import 'moment/locale/de'
      export default () => {
        const day = moment.utc('2024-02-29T12:00:00Z').locale('en')
        return [day.clone().add(1, 'year').format('YYYY-MM-DD'), day.clone().locale('de').format('dddd, D. MMMM'), moment.duration(90, 'minutes').locale('en').humanize(), moment('31/12/2024', 'DD/MM/YYYY', true).isValid(), require('moment') === moment]
      }`,
    result: ['2025-02-28', 'Donnerstag, 29. Februar', '2 hours', true, true],
  },
  'moment-timezone': {
    code: `
      import moment from 'moment-timezone'
      export default () => [moment.tz('2024-07-01 12:00', 'Europe/Berlin').utc().format(), moment.utc('2024-01-01T00:00:00Z').tz('America/New_York').format('YYYY-MM-DD HH:mm z'), require('moment') === moment]`,
    result: ['2024-07-01T10:00:00Z', '2023-12-31 19:00 EST', true],
  },
  'ms': {
    code: `
      import ms from 'ms'
      export default () => [ms('2 days'), ms(60_000), require('ms')('1.5h')]`,
    result: [172_800_000, '1m', 5_400_000],
  },
  'qs': {
    code: `
      import qs, { parse } from 'qs'
      export default () => [parse('a[b][]=1&a[b][]=2&c=%C3%A9'), qs.stringify({ a: [1, 2], b: { c: 'x y' } }), require('qs').stringify({ a: [1, 2] }, { arrayFormat: 'repeat', addQueryPrefix: true })]`,
    result: [{ a: { b: ['1', '2'] }, c: 'é' }, 'a%5B0%5D=1&a%5B1%5D=2&b%5Bc%5D=x%20y', '?a=1&a=2'],
  },
  'ramda': {
    code: `
      import * as R from 'ramda'
      export default () => [R.pipe(R.filter(R.propEq(true, 'ok')), R.pluck('n'), R.sum)([{ ok: true, n: 1 }, { ok: false, n: 2 }, { ok: true, n: 3 }]), require('ramda').path(['a', 0], { a: [1] })]`,
    result: [4, 1],
  },
  'semver': {
    code: `
      import semver, { satisfies } from 'semver'
      export default () => [satisfies('1.2.3', '^1.1'), semver.inc('1.2.3', 'minor'), require('semver').sort(['1.10.0', '1.9.0'])]`,
    result: [true, '1.3.0', ['1.9.0', '1.10.0']],
  },
  'slugify': {
    code: `
      import slugify from 'slugify'
      export default () => [slugify('Ärger & Söhne!', { lower: true, strict: true, locale: 'de' }), require('slugify')('a b')]`,
    result: ['aerger-und-soehne', 'a-b'],
  },
  'sprintf-js': {
    code: `
      import { sprintf } from 'sprintf-js'
      export default () => [sprintf('%05.2f|%-5s|%x|%(a)s'.replace('|%(a)s', ''), 3.14159, 'ab', 255), require('sprintf-js').vsprintf('%s-%d', ['a', 1])]`,
    result: ['03.14|ab   |ff', 'a-1'],
  },
  'underscore': {
    code: `
      import _, { countBy } from 'underscore'
      export default () => [_.chain([3, 1, 2]).sortBy().map((n) => n * 2).value(), countBy(['a', 'bb', 'c'], 'length'), require('underscore') === _]`,
    result: [[2, 4, 6], { 1: 2, 2: 1 }, true],
  },
  'validator': {
    code: `
      import validator from 'validator'
      export default () => [validator.isEmail('a@example.com'), validator.isIBAN('DE89370400440532013000'), validator.isURL('nowhere'), require('validator').escape('<a>')]`,
    result: [true, true, false, '&lt;a&gt;'],
  },
}
