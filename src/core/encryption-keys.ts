import { z } from 'zod'

/** A key that stored values are encrypted with. */
export interface EncryptionKey {
  id: string
  /** 256 bits. */
  key: Buffer
}

const ID = /^[\w-]{1,64}$/
const KEY_BYTES = 32

/** Reads `id=base64 of 32 bytes`, separated by commas. What is wrong with it is told without any of it: it is secret. */
export const EncryptionKeys = z.string().default('').transform((text, context): readonly EncryptionKey[] => {
  const keys = text.split(',').map((entry) => entry.trim()).filter(Boolean).map((entry) => {
    const [id = '', ...rest] = entry.split('=')
    return { id, key: Buffer.from(rest.join('='), 'base64') }
  })
  const wrong = keys.findIndex(({ id, key }) => !ID.test(id) || key.length !== KEY_BYTES)
  if (wrong >= 0) context.addIssue({ code: 'custom', message: `Expected id=base64 of ${KEY_BYTES} bytes, separated by commas; entry ${wrong + 1} is not that` })
  else if (new Set(keys.map(({ id }) => id)).size < keys.length) context.addIssue({ code: 'custom', message: 'Expected each id once' })
  return keys
})
