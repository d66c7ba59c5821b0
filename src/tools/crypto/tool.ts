import { z } from 'zod'
import { defineTool } from '../tool.ts'

const METHODS = [
  'getRandomValues', 'randomUUID', 'encrypt', 'decrypt', 'sign', 'verify', 'digest', 'generateKey', 'deriveKey', 'deriveBits', 'importKey', 'exportKey',
  'wrapKey', 'unwrapKey',
] as const

/** Web Cryptography, all of it. Its native is in the runner: keys that user code brings are never read in the worker. */
export default defineTool({
  name: 'crypto',
  description: '`getRandomValues`, `randomUUID` and `subtle`, the Web Cryptography API',
  config: z.strictObject({
    /** Calls of its methods that one run may make. */
    operations: z.number().int().min(1).max(100_000).default(1000),
    /** Bytes that one argument, or one answer that says how long it is to be, may have. */
    bytes: z.number().int().min(1024).max(16_777_216).default(65_536),
    /** Methods that user code sees. */
    methods: z.array(z.enum(METHODS)).default([...METHODS]),
  }),
  narrows: ['operations', 'bytes', 'methods'],
  guest: new URL('./guest.js', import.meta.url),
  native: true,
  interfaces: ['Crypto', 'CryptoKey', 'SubtleCrypto'],
  expose: (config) => config,
})
