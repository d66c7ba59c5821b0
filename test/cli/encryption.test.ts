import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { CommandContext } from '../../src/cli/command.ts'
import { countEncryption, renewEncryption } from '../../src/cli/commands/encryption.ts'
import { loadConfig } from '../../src/cli/config.ts'
import { EncryptionKeys } from '../../src/core/encryption-keys.ts'
import { acceptJob, openStore } from '../helpers/store.ts'

const [OLD, NEW] = ['old', 'new'].map((id) => `${id}=${randomBytes(32).toString('base64')}`)

test('an operator sees what each key encrypts, has it encrypted with the new one, and sees that the old one may go', async (t) => {
  const db = await openStore(t, EncryptionKeys.parse(OLD))
  await acceptJob(db)
  const lines: string[] = []
  const call = async (command: (context: CommandContext) => Promise<number>, keys: string) => {
    lines.length = 0
    const env = { REDIS_URL: db.url, BATCHBOX_PREFIX: db.keys.prefix, BATCHBOX_ENCRYPTION_KEYS: keys }
    const terminal = { print: (line: string) => { lines.push(line.trim()) }, note: (line: string) => { lines.push(line) } } as CommandContext['terminal'] // what it uses of it
    const code = await command({ config: loadConfig(env), env, root: '/', signal: new AbortController().signal, terminal })
    return [code, ...lines]
  }

  assert.deepEqual(await call(countEncryption, `${NEW},${OLD}`), [0, '0  new', '3  old', '0  not encrypted'])
  assert.deepEqual(await call(renewEncryption, String(NEW)), [1, 'renewed 0, changed meanwhile 0, unreadable 3', '0  new', '3  old  (not in BATCHBOX_ENCRYPTION_KEYS)', '0  not encrypted'])
  assert.deepEqual(await call(renewEncryption, `${NEW},${OLD}`), [0, 'renewed 3, changed meanwhile 0, unreadable 0', '3  new', '0  old', '0  not encrypted'])
  await assert.rejects(call(countEncryption, 'new=AAAA'), { message: 'Cannot read BATCHBOX_ENCRYPTION_KEYS: Expected id=base64 of 32 bytes, separated by commas; entry 1 is not that' })
})
