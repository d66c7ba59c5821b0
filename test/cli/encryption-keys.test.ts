import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepEncryptionKeys } from '../../src/cli/encryption-keys.ts'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { temporaryFolder } from './helpers/fake-service.ts'

test('keys are made once, in a file for nobody else, and are keys of the service', (t) => {
  const folder = join(temporaryFolder(t), 'data')

  const [first, second] = [keepEncryptionKeys(folder), keepEncryptionKeys(folder)]

  assert.equal(first, second)
  assert.equal(EncryptionKeys.parse(first)[0]?.id, 'local')
  assert.deepEqual(readdirSync(folder), ['encryption-keys'])
  assert.equal(statSync(join(folder, 'encryption-keys')).mode & 0o777, 0o600)
})
