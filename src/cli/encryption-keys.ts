import { randomBytes, randomUUID } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'encryption-keys'
const KEY_BYTES = 32

/**
 * Answers the keys of a data folder in the form of BATCHBOX_ENCRYPTION_KEYS. They are made at the first call, in a file that nobody else may read, and are the same ever after: what is
 * encrypted with them is lost with the file. Two processes that make it at one time have the same.
 */
export function keepEncryptionKeys (folder: string): string {
  const file = join(folder, FILE)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${file}.${randomUUID()}`
  try {
    return readFileSync(file, 'utf8').trim()
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error
  }
  writeFileSync(draft, `local=${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flush: true })
  try {
    linkSync(draft, file) // fails where somebody was faster
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(draft)
  }
  return readFileSync(file, 'utf8').trim()
}

function isCode (error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
