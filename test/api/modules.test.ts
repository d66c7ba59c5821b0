import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { test } from 'node:test'
import { startApi } from '../helpers/api.ts'
import { writePackages } from '../helpers/packages.ts'

interface Listed {
  packages: { name: string, version: string, licence: string, source: string, modules: { specifier: string, exports: number, characters: number }[] }[]
  builtins: string[]
}

test('GET /v1/modules lists what code may import: packages with their true versions, the operator\'s among them, and modules of Node', async (t) => {
  const folder = writePackages(t, { rates: { manifest: { version: '3.2.1' }, files: { 'index.js': 'exports.a = 1' } } })
  const { get, holder } = await startApi(t, { BATCHBOX_MODULES: folder })

  const response = await get('/v1/modules', await holder('acme', 'jobs:read'))

  assert.equal(response.statusCode, 200, response.body)
  const { packages, builtins } = response.json() as unknown as Listed
  for (const { name, version } of packages.filter(({ source }) => source === 'shipped')) {
    const manifest = findPackageJSON(name === 'lodash' ? 'lodash-es' : name, import.meta.url) ?? ''
    assert.equal(version, (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version, name) // every package has one
  }
  assert.deepEqual(packages.find(({ name }) => name === 'rates'), {
    name: 'rates', version: '3.2.1', licence: 'MIT', source: 'operator',
    modules: [{ specifier: 'rates', exports: 2, characters: packages.find(({ name }) => name === 'rates')?.modules[0]?.characters }],
  })
  const zod = packages.find(({ name }) => name === 'zod')
  assert.deepEqual(zod?.modules.map(({ specifier }) => specifier), ['zod', 'zod/locales', 'zod/mini', 'zod/v4/core'])
  assert.ok(zod?.modules.every(({ exports, characters }) => exports > 10 && characters > 10_000))
  assert.equal(packages.some(({ name }) => name === 'mathjs'), false)
  assert.ok(builtins.every((name) => name.startsWith('node:')))
})

test('GET /v1/modules wants a key that may read jobs', async (t) => {
  const { get, holder } = await startApi(t)

  assert.equal((await get('/v1/modules', {})).statusCode, 401)
  assert.equal((await get('/v1/modules', await holder('acme', 'secrets:write'))).statusCode, 403)
})

test('an API whose packages cannot be used does not start, and names the one that is wrong', async (t) => {
  const folder = writePackages(t, {}, ['gone'])

  await assert.rejects(startApi(t, { BATCHBOX_MODULES: folder }), /BATCHBOX_MODULES depends on "gone", which is not installed there/)
})
